/**
 * What crosses the RPC boundary of a ledger. A deploy runs old and new code side by side, so every reader takes a
 * missing field for its default and ignores what it does not know; fields are added, never changed.
 * Answers are data, not exceptions: a thrown error loses its class on the way.
 */
import type { ChardErrorCode } from '../../task/errors.ts'
import type { JobError, JobRecord, JobState, LogLine, Progress, ScheduledBy } from '../../task/job.ts'
import type { StateCounts } from '../../task/states.ts'
import type { UniqueRule } from '../../task/unique.ts'
import type { Settings, SettingsChange } from './settings.ts'
import type { Counters } from './stats.ts'

/** A refusal with a reason, in place of what was asked for. */
export interface Refusal {
  readonly refused: ChardErrorCode
  readonly message: string
}

export function isRefusal(reply: object): reply is Refusal {
  return 'refused' in reply
}

/** One job to record. The caller makes the id, so that a retried call records nothing twice. */
export interface NewJob {
  readonly id: string
  readonly task: string
  /** JSON text. */
  readonly input: string
  readonly maxAttempts: number
  readonly priority?: number
  /** Not before this long after the ledger's now. */
  readonly delayMs?: number
  /** Not before this moment, in epoch milliseconds. */
  readonly at?: number
  /** Not started by then, counted from the ledger's now, it fails. */
  readonly expiresInMs?: number
  readonly partition?: string
  readonly key?: string
  /** What the call does when the key is held. Default: the rule of an idempotency key. */
  readonly unique?: UniqueRule
  /** A handler makes it: part of work that was accepted already, so that draining does not refuse it. */
  readonly child?: true
  /** True when a known key answers with its job whatever the input: the children of a handler. */
  readonly keyWins?: boolean
  readonly tags?: readonly string[]
  readonly schedule?: ScheduledBy
  readonly trace?: string
  /** The caller runs the first attempt itself. */
  readonly start?: Start
}

/**
 * A first attempt that runs, or ran, in the caller's isolate rather than in a consumer.
 *
 * - `claim`: startNow. Admitted as any claim; refused, the job waits as `queued`.
 * - `running`: a background task shortly before its cut, under this isolate's own lease.
 * - `ended`: a background task that threw. Recorded with that attempt counted.
 */
export type Start =
  | { readonly kind: 'claim'; readonly runner: string; readonly leaseMs: number }
  | { readonly kind: 'running'; readonly runner: string; readonly leaseMs: number; readonly ranMs: number }
  | { readonly kind: 'ended'; readonly outcome: Outcome; readonly ranMs: number; readonly log?: readonly LogLine[] }

export interface EnqueueRequest {
  /** The deployment's home count, held against the one this ledger recorded. */
  readonly homeShards: number
  readonly jobs: readonly NewJob[]
}

/** The answer about one job, in the order of the request. */
export type Enqueued =
  | { readonly id: string; readonly state: JobState; readonly duplicate: boolean; readonly claimed?: Claimed }
  | Refusal

export type EnqueueReply = { readonly jobs: readonly Enqueued[] } | Refusal

/** How an attempt ended, as its runner saw it. The ledger alone turns it into the next state. */
export type Outcome =
  | { readonly kind: 'completed' /** JSON text. */; readonly output?: string }
  | { readonly kind: 'failed'; readonly error: JobError; readonly retryAfterMs?: number }
  | { readonly kind: 'snoozed'; readonly forMs: number }
  | { readonly kind: 'rejected'; readonly error: JobError }
  | { readonly kind: 'cancelled' }

/** The end of one attempt, fenced by its lease. */
export interface Settlement {
  readonly id: string
  readonly lease: string
  readonly outcome: Outcome
  /** How long the attempt ran. */
  readonly ranMs: number
  readonly log?: readonly LogLine[]
  /** Progress that no beat has reported yet. */
  readonly progress?: Progress
}

/** One attempt that goes on. */
export interface Heartbeat {
  readonly id: string
  readonly lease: string
  /** Present when it changed since the last beat. */
  readonly progress?: Progress
}

/** A runner's one question: settle, extend, report and claim in one round trip and one transaction. */
export interface SyncRequest {
  readonly runner: string
  /** Counts up by one a sync; a retry repeats it and gets the same answer. */
  readonly seq: number
  /** The newest seq whose answer the runner has, or has given up on. Claims up to it that are not in `beat` never started. */
  readonly ack: number
  /** The tasks it can run, and the milliseconds an attempt of each may take. */
  readonly tasks: Readonly<Record<string, number>>
  readonly settle: readonly Settlement[]
  readonly heartbeats: readonly Heartbeat[]
  /** How many more jobs it would take. */
  readonly want: number
  /** The wall time it has left for them. */
  readonly remainingMs: number
  /** This is its last sync. */
  readonly done?: boolean
  /** Of the jobs in `settle`, those whose records somebody waits for where they run. */
  readonly awaited?: readonly string[]
}

/** A job and the lease of one attempt at it. */
export interface Claimed {
  readonly id: string
  readonly task: string
  /** JSON text. */
  readonly input: string
  readonly lease: string
  readonly leaseMs: number
  readonly attempt: number
  readonly maxAttempts: number
  readonly priority: number
  readonly tags: readonly string[]
  readonly createdAt: number
  readonly partition?: string
  readonly schedule?: ScheduledBy
  readonly trace?: string
  /** How long it had been ready when it was claimed. */
  readonly queuedMs?: number
  /** Its runner died under it more than once: it runs alone. */
  readonly solo?: boolean
}

export interface SyncReply {
  readonly claimed: readonly Claimed[]
  /** Ids whose lease is no longer this runner's: stop, and report nothing. */
  readonly lost: readonly string[]
  /** Ids somebody asked to cancel: abort the signal, then settle. */
  readonly cancelled: readonly string[]
  /** For how long from the request the leases in `beat` are good, on disk. */
  readonly leaseMs: number
  /** A limit opens then: a runner with room for more should ask again, instead of leaving if it has nothing else to do. */
  readonly againInMs?: number
  /** The jobs in `tell` as they now are. May be missing: then they are asked for. */
  readonly records?: readonly JobRecord[]
}

/** Which jobs are meant. All conditions must hold; an absent one holds for all. Times in epoch milliseconds. */
export interface JobFilter {
  readonly state?: JobState
  readonly task?: string
  readonly tag?: string
  readonly key?: string
  /** Made at or after this moment. */
  readonly createdFrom?: number
  /** Made before this moment. */
  readonly createdBefore?: number
}

/** Which jobs of one shard to list, newest first. */
export interface ListRequest extends JobFilter {
  readonly limit: number
  /** Only ids below this one's ULID. */
  readonly before?: string
}

export interface ListReply {
  readonly jobs: readonly JobRecord[]
  /** The ULID down to which this shard was searched; absent when it was searched to its end. */
  readonly searchedTo?: string
}

/** A redrive, perhaps with another input. */
export interface RedriveRequest {
  readonly id: string
  /** JSON text. */
  readonly input?: string
}

/** What a waiting job waits for is changed. */
export interface UpdateRequest {
  readonly id: string
  readonly priority?: number
  /** Epoch milliseconds. */
  readonly at?: number
  /** From the ledger's now. */
  readonly delayMs?: number
}

export type BulkAction = 'cancel' | 'redrive'

/** Something to be done to every job that a filter finds, a slice at a time. The caller makes the id. */
export interface BulkRequest {
  readonly id: string
  readonly action: BulkAction
  readonly filter: JobFilter
}

/** How far a bulk action is on one shard. */
export interface BulkReply {
  readonly action: BulkAction
  readonly done: boolean
  /** Jobs it has looked at, and those it has changed. */
  readonly looked: number
  readonly changed: number
}

/** What became of one slot of a schedule. Times in epoch milliseconds. */
export interface SlotRecord {
  readonly slot: number
  /** When it was dealt with. */
  readonly at: number
  readonly job?: string
  /** Why it made no job. */
  readonly skipped?: SkipReason
  /** How many slots from this one on were skipped together, when more than one. */
  readonly count?: number
  /** A person asked for it; it is no slot of the rule. */
  readonly trigger?: true
}

/**
 * - `missed`: its time had passed, and the schedule's `catchUp` lets it be.
 * - `overlap`: the job before had not ended.
 * - `paused`: the schedule was paused.
 * - `draining`: its task was taking no new jobs.
 */
export const skipReasons = ['missed', 'overlap', 'paused', 'draining'] as const
export type SkipReason = (typeof skipReasons)[number]

/** Why the code no longer runs a schedule that is stored. */
export const stopReasons = ['removed', 'unknown-task'] as const
export type StopReason = (typeof stopReasons)[number]

/** A schedule as it stands. Times in epoch milliseconds. */
export interface ScheduleRecord {
  readonly name: string
  readonly task: string
  readonly shard: number
  readonly state: 'active' | 'paused' | 'stopped'
  readonly stopped?: StopReason
  /** Absent when the code no longer knows it. */
  readonly rule?: { readonly cron: string; readonly timezone: string } | { readonly everyMs: number }
  readonly catchUp?: string
  readonly overlap?: string
  readonly jitterMs?: number
  /** The slot that comes next, and those after it, as far as they are of interest. */
  readonly nextAt?: number
  readonly next: readonly number[]
  /** Newest first. */
  readonly history: readonly SlotRecord[]
}

export type ScheduleAction = 'pause' | 'resume'

/** What a person wants of a schedule. */
export interface ScheduleControl {
  readonly name: string
  readonly action: ScheduleAction
}

/** A job of a schedule now, beside its slots. The caller makes the id, so that a repeated call makes one job. */
export interface TriggerRequest {
  readonly name: string
  readonly id: string
  /** An idempotency key. */
  readonly key?: string
}

/** One shard at a glance. */
export interface ShardOverview {
  readonly shard: number
  readonly states: Readonly<Record<JobState, number>>
  /** When the job that has waited longest became ready, in epoch milliseconds. */
  readonly oldestReadyAt?: number
  /** Runners that hold a lease or were heard of just now. */
  readonly runners: number
  /** Wake-ups sent and not yet answered, and how often in a row they were sent again. */
  readonly wakeUps: { readonly unanswered: number; readonly resent: number }
  /** When the alarm will ring, in epoch milliseconds. */
  readonly alarmAt?: number
  /** Recorded jobs by task and state. */
  readonly tasks: Readonly<Record<string, StateCounts>>
  /** The version of the settings it has. */
  readonly settings: number
  readonly bytes: number
  /** The kill switch is on: nothing is given out, sent or armed. */
  readonly halted?: true
}

/** Which of its sums a ledger is asked for: `steps` steps of so many minutes, the first from that minute of the epoch on. */
export interface ChartsRequest {
  readonly fromMinute: number
  readonly stepMinutes: number
  readonly steps: number
}

/** What was counted of a task, by steps. Histograms are counts by bucket, as far as any is not zero. */
export interface TaskChart {
  readonly task: string
  readonly enqueued: readonly number[]
  /** Attempts. `failed` are those that failed, were rejected or lapsed. */
  readonly completed: readonly number[]
  readonly failed: readonly number[]
  /** Jobs that nobody started in time. */
  readonly expired: readonly number[]
  readonly queueMs: readonly (readonly number[])[]
  readonly runMs: readonly (readonly number[])[]
}

export interface ChartsReply {
  /** Those of which anything was counted. */
  readonly tasks: readonly TaskChart[]
}

/** What was counted of a task since its ledger began, as far as that is on disk. The costs are the ledger's, in parts. */
export interface TaskCounters {
  readonly task: string
  readonly counters: Counters
}

/** One shard as metrics tell of it. */
export interface ShardMetrics extends ShardOverview {
  readonly counters: readonly TaskCounters[]
}

/** The verbs of a ledger: what each takes, and what it answers. */
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
  /** The kill switch: stops giving out work, sending wake-ups and arming the alarm; `false` lets go. */
  halt(on: boolean): void
  /**
   * The watchdog's call: arms what lost its alarm, and takes settings that are newer than its own. True when it had to
   * arm.
   */
  wake(settings?: Settings): boolean
}

export type Verb = keyof LedgerVerbs

/** A ledger as its callers reach it. */
export type LedgerRpc = {
  readonly [V in Verb]: (...request: Parameters<LedgerVerbs[V]>) => Promise<ReturnType<LedgerVerbs[V]>>
}
