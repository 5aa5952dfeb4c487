/** What is counted of a task, as it is stored and as it travels. */
import type { AttemptOutcome, FailureReason } from '../../task/job.ts'

export type Counted<Name extends string> = Partial<Record<Name, number>>

/** Counts by bucket up to the last one that is not zero, and the sum of the counted times. */
export interface Histogram {
  readonly buckets: number[]
  sumMs: number
}

/** The sums of one task. */
export interface Stats {
  enqueued: number
  /** Attempts by how they ended, and jobs that nobody started in time, which had no attempt. */
  ended: Counted<AttemptOutcome | 'expired'>
  /** Jobs that failed for good. */
  failed: Counted<FailureReason>
  /** Attempts that failed, by the name of what was thrown. */
  errors: Counted<string>
  /** Attempts by how long the job had been ready before them, and by how long they ran. */
  queue: Histogram
  run: Histogram
}

/** What the platform bills a ledger for, and what it sent. */
export interface Costs {
  rowsRead: number
  rowsWritten: number
  wakeUps: number
  /** Those that were not answered in time. */
  wakeUpsLate: number
  wakeUpsResent: number
}

export type Counters = Stats & { readonly costs: Costs }
