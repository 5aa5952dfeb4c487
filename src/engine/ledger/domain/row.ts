/** A job as its row, and the row as people see it. Types and mapping; no SQL, no decision. */

import { utf8Bytes } from '../../task/bounds.ts'
import type { AttemptRecord, FailureReason, JobError, JobRecord, Progress, ScheduledBy } from '../../task/job.ts'
import { claimability, type JobState } from '../../task/states.ts'
import type { NewJob } from '../protocol/enqueue.ts'

/** Every column of a job except its input, which few steps need. JSON columns are text until somebody reads them. */
export interface JobRow {
  readonly id: string
  readonly task: string
  /** `''` when its task has none. */
  readonly partition: string
  readonly state: JobState
  readonly reason: FailureReason | null
  readonly priority: number
  readonly bytes: number
  readonly attempt: number
  readonly maxAttempts: number
  readonly lapses: number
  readonly refunds: number
  readonly createdAt: number
  /** When the ledger must look at this row again: its time to run, or its time to be pruned. */
  readonly dueAt: number | null
  /** Its own time to run, while it waits for another job. */
  readonly notBefore: number | null
  /** If it has not started by then, it fails. */
  readonly expiresAt: number | null
  readonly startedAt: number | null
  readonly finishedAt: number | null
  readonly lease: string | null
  /** NULL once the newest attempt is settled: its lease is dead. Set while a lapsed attempt may still end well. */
  readonly leaseUntil: number | null
  readonly cancelling: number
  /** The key it holds. */
  readonly key: string | null
  /** The key it held until another job took it over. */
  readonly formerKey: string | null
  /** The newest calls under its key that made no job of their own: such a call, repeated, changes nothing. */
  readonly calls: string | null
  /** When the newest start under its key was, before its own. */
  readonly keyStartedAt: number | null
  /** The job that must have ended before it starts. */
  readonly after: string | null
  /** The job that waits for the end of this one. */
  readonly successor: string | null
  readonly tags: string | null
  readonly schedule: string | null
  readonly slot: number | null
  readonly trace: string | null
  readonly progress: string | null
  readonly error: string | null
  readonly history: string | null
  readonly output: string | null
}

export interface JobRowWithInput extends JobRow {
  readonly input: string
}

/**
 * The same row as an object of one fixed shape. SQLite's bindings hand out objects that JavaScript engines treat as
 * dictionaries, and every step of a job copies its row: copying an object of a fixed shape takes a tenth of the time. A test holds
 * the list to the columns.
 */
export function shaped(row: JobRow): JobRow {
  return {
    id: row.id,
    task: row.task,
    partition: row.partition,
    state: row.state,
    reason: row.reason,
    priority: row.priority,
    bytes: row.bytes,
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    lapses: row.lapses,
    refunds: row.refunds,
    createdAt: row.createdAt,
    dueAt: row.dueAt,
    notBefore: row.notBefore,
    expiresAt: row.expiresAt,
    startedAt: row.startedAt,
    finishedAt: row.finishedAt,
    lease: row.lease,
    leaseUntil: row.leaseUntil,
    cancelling: row.cancelling,
    key: row.key,
    formerKey: row.formerKey,
    calls: row.calls,
    keyStartedAt: row.keyStartedAt,
    after: row.after,
    successor: row.successor,
    tags: row.tags,
    schedule: row.schedule,
    slot: row.slot,
    trace: row.trace,
    progress: row.progress,
    error: row.error,
    history: row.history,
    output: row.output,
  }
}

/** A job that is being recorded: `scheduled` when its time is to come, `queued` otherwise. */
export function newRow(job: NewJob, now: number): JobRowWithInput {
  const dueAt = Math.max(job.at ?? 0, now + (job.delayMs ?? 0))
  return {
    id: job.id,
    task: job.task,
    partition: job.partition ?? '',
    state: dueAt > now ? 'scheduled' : 'queued',
    reason: null,
    priority: job.priority ?? 0,
    bytes: utf8Bytes(job.input),
    attempt: 0,
    maxAttempts: job.maxAttempts,
    lapses: 0,
    refunds: 0,
    createdAt: now,
    dueAt: dueAt > now ? dueAt : null,
    notBefore: null,
    expiresAt: job.expiresInMs === undefined ? null : now + job.expiresInMs,
    startedAt: null,
    finishedAt: null,
    lease: null,
    leaseUntil: null,
    cancelling: 0,
    key: job.key ?? null,
    formerKey: null,
    calls: null,
    keyStartedAt: null,
    after: null,
    successor: null,
    tags: job.tags?.length ? JSON.stringify(job.tags) : null,
    schedule: job.schedule?.name ?? null,
    slot: job.schedule?.slot ?? null,
    trace: job.trace ?? null,
    progress: null,
    error: null,
    history: null,
    output: null,
    input: job.input,
  }
}

/** True for a waiting job whose time has come. */
export function isReady({ state, dueAt }: Pick<JobRow, 'state' | 'dueAt'>, now: number): boolean {
  const claimable = claimability(state)
  return claimable === 'now' || (claimable === 'when due' && (dueAt ?? 0) <= now)
}

/** True until the lease of the row's newest attempt is settled or replaced, whatever the clock says. */
export function leaseIsLive(row: JobRow, lease: string): boolean {
  return row.lease === lease && row.leaseUntil !== null
}

/** The schedule that made the job. */
export function scheduledBy({ schedule, slot }: JobRow): ScheduledBy | undefined {
  return schedule === null || slot === null ? undefined : { name: schedule, slot }
}

/** The row as people see it. */
export function recordOf(row: JobRowWithInput): JobRecord {
  const waits = claimability(row.state) === 'when due'
  const key = row.key ?? row.formerKey
  const schedule = scheduledBy(row)
  return {
    id: row.id,
    task: row.task,
    state: row.state,
    ...(row.reason !== null && { reason: row.reason }),
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    priority: row.priority,
    tags: parsed<string[]>(row.tags) ?? [],
    ...(key !== null && { idempotencyKey: key }),
    ...(row.partition !== '' && { partition: row.partition }),
    ...(schedule && { schedule }),
    ...(waits && row.after !== null && { after: row.after }),
    ...(row.trace !== null && { trace: row.trace }),
    createdAt: row.createdAt,
    ...(waits && row.dueAt !== null && { dueAt: row.notBefore ?? row.dueAt }),
    ...(row.expiresAt !== null && { expiresAt: row.expiresAt }),
    ...(row.startedAt !== null && { startedAt: row.startedAt }),
    ...(row.finishedAt !== null && { finishedAt: row.finishedAt }),
    ...(row.progress !== null && { progress: JSON.parse(row.progress) as Progress }),
    input: JSON.parse(row.input) as unknown,
    ...(row.output !== null && { output: JSON.parse(row.output) as unknown }),
    ...(row.error !== null && { error: JSON.parse(row.error) as JobError }),
    history: parsed<AttemptRecord[]>(row.history) ?? [],
  }
}

function parsed<T>(text: string | null): T | undefined {
  return text === null ? undefined : (JSON.parse(text) as T)
}
