/**
 * The verbs of a ledger: what each takes, and what it answers. The table that runs them is `host/verbs.ts`.
 *
 * I11: a deploy runs old and new code side by side, so every reader takes a missing field for its default and ignores what it
 * does not know. Fields are added, never changed.
 */
import type { JobRecord } from '../../task/job.ts'
import type { Enqueued, EnqueueReply, EnqueueRequest } from './enqueue.ts'
import type { BulkReply, BulkRequest, ListReply, ListRequest, RedriveRequest, UpdateRequest } from './jobs.ts'
import type { Refusal } from './refusal.ts'
import type { ScheduleControl, ScheduleRecord, TriggerRequest } from './schedules.ts'
import type { Settings, SettingsChange } from './settings.ts'
import type { ChartsReply, ChartsRequest, ShardMetrics, ShardOverview } from './shard.ts'
import type { SyncReply, SyncRequest } from './sync.ts'

export interface LedgerVerbs {
  enqueue(request: EnqueueRequest): EnqueueReply
  sync(request: SyncRequest): SyncReply
  get(id: string): JobRecord | Refusal
  list(request: ListRequest): ListReply
  cancel(id: string): JobRecord | Refusal
  redrive(request: RedriveRequest): JobRecord | Refusal
  update(request: UpdateRequest): JobRecord | Refusal
  /** Begins a bulk action, or answers how far the one of this id is. */
  bulk(request: BulkRequest): BulkReply | Refusal
  bulkProgress(id: string): BulkReply | Refusal
  /** Changes the deployment's settings. Asked of shard 0, which alone makes new versions. */
  change(change: SettingsChange): Settings
  settings(): Settings
  /** Takes settings that are newer than its own. */
  adopt(settings: Settings): void
  schedules(): ScheduleRecord[]
  controlSchedule(request: ScheduleControl): ScheduleRecord | Refusal
  triggerSchedule(request: TriggerRequest): Enqueued
  overview(): ShardOverview
  charts(request: ChartsRequest): ChartsReply
  metrics(): ShardMetrics
  /** The kill switch: `true` stops giving out work, sending wake-ups and arming the alarm; `false` ends that. */
  halt(on: boolean): void
  /** The watchdog's look: arms an alarm that was lost, and takes newer settings. Answers whether it had to arm. */
  wake(settings?: Settings): boolean
}

export type Verb = keyof LedgerVerbs

/** A ledger as its callers reach it. */
export type LedgerRpc = {
  readonly [V in Verb]: (...request: Parameters<LedgerVerbs[V]>) => Promise<ReturnType<LedgerVerbs[V]>>
}
