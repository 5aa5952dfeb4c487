/** A job as its users see it: its states, its record, its attempts, its handle. Types and closed lists only. */
import type { Duration } from './duration.ts'
import type { JobState } from './states.ts'

export { type FinalState, finalStates, isFinal, type JobState, jobStates } from './states.ts'

/**
 * Why a job is `failed`.
 *
 * - `exhausted`: its last attempt threw, or ran past its timeout.
 * - `rejected`: the handler said it can never work, or the input no longer fits the schema.
 * - `expired`: it was not started by its deadline.
 * - `crashed`: its last attempt's runner died.
 */
export const failureReasons = ['exhausted', 'rejected', 'expired', 'crashed'] as const
export type FailureReason = (typeof failureReasons)[number]

/** What was thrown, made storable. */
export interface JobError {
  readonly name: string
  readonly message: string
  readonly stack?: string
  /** A `code` property of what was thrown, when it was a string. */
  readonly code?: string
}

/** How far a running attempt is: `value` from 0 to 1 and a word for what it is doing. */
export interface Progress {
  readonly value: number
  readonly message?: string
}

/** One line that a handler logged. `at` is in epoch milliseconds. */
export interface LogLine {
  readonly at: number
  readonly message: string
}

/** How an attempt ended. `lapsed`: nobody settled it before its lease ended. */
export type AttemptOutcome = 'completed' | 'failed' | 'snoozed' | 'rejected' | 'cancelled' | 'lapsed'

/** One ended attempt. Times in epoch milliseconds. */
export interface AttemptRecord {
  readonly attempt: number
  readonly startedAt: number
  readonly endedAt: number
  readonly outcome: AttemptOutcome
  readonly error?: JobError
  readonly log?: readonly LogLine[]
}

/** The schedule a job comes from. `slot` is the time it stands for, in epoch milliseconds. */
export interface ScheduledBy {
  readonly name: string
  readonly slot: number
}

/** Everything recorded of one job. Times in epoch milliseconds; an absent field has not happened. */
export interface JobRecord<Output = unknown, Input = unknown> {
  /** `<shard>-<ulid>`: unguessable, so that a job's URL is a capability. */
  readonly id: string
  readonly task: string
  readonly state: JobState
  readonly reason?: FailureReason
  /** Attempts begun. 0 before the first. */
  readonly attempt: number
  readonly maxAttempts: number
  /** Higher is served first. 0 unless said. */
  readonly priority: number
  readonly tags: readonly string[]
  /** The key that it was enqueued under, as `idempotencyKey` or as `unique.key`. */
  readonly idempotencyKey?: string
  readonly partition?: string
  /** The schedule that made it, and the slot it stands for. */
  readonly schedule?: ScheduledBy
  /** The job that must have ended before this one starts. */
  readonly after?: string
  /** The trace that it belongs to: one id for everything that one request led to. */
  readonly trace?: string
  readonly createdAt: number
  /** When a job that waits for its time is due: a `scheduled` or a `retrying` one. */
  readonly dueAt?: number
  /** Not started by then, it fails as `expired`. */
  readonly expiresAt?: number
  /** When the newest attempt began. */
  readonly startedAt?: number
  readonly finishedAt?: number
  readonly progress?: Progress
  readonly input: Input
  readonly output?: Output
  /** The newest failure. */
  readonly error?: JobError
  /** The ended attempts, oldest first. Old ones are dropped when there are very many. */
  readonly history: readonly AttemptRecord[]
}

/** What `T` is after it was written as JSON and read again: a Date is a string then. */
export type Stored<T> = T extends { toJSON(): infer J } ? J : T extends object ? { [K in keyof T]: Stored<T[K]> } : T

/** A job that has completed. */
export type CompletedJob<Output> = JobRecord<Output> & { readonly state: 'completed'; readonly output: Output }

/** What `enqueue` returns: the handle of the recorded job. */
export interface Job<Output = unknown> {
  readonly id: string
  readonly task: string
  /** The state when `enqueue` returned. `get` reads the present one. */
  readonly state: JobState
  /** True when the key already had a job: this is that job, with the input of this call if the rule of `unique` says so. */
  readonly duplicate: boolean
  /** The job as it is now. */
  get(): Promise<JobRecord<Output>>
  /**
   * Waits until the job has completed. It asks the job's ledger at growing intervals.
   *
   *     const { output } = await job.wait('10s')
   *
   * @param timeout how long to wait. Default `'30s'`
   * @throws JobFailedError when the job has failed or was cancelled
   * @throws ChardError `wait-timeout` when the time is up; the job goes on
   */
  wait(timeout?: Duration): Promise<CompletedJob<Output>>
  /**
   * Cancels the job: a waiting one at once; a running handler is told by its signal with the next heartbeat.
   * @throws ChardError `wrong-state` when the job is already final
   */
  cancel(): Promise<JobRecord<Output>>
}
