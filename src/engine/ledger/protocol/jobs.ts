/** What people ask about jobs, and what they do to them. */
import type { JobRecord } from '../../task/job.ts'
import type { JobState } from '../../task/states.ts'

/** Which jobs are meant. All conditions must hold; an absent condition holds for every job. Times in epoch milliseconds. */
export interface JobFilter {
  readonly state?: JobState
  readonly task?: string
  readonly tag?: string
  readonly key?: string
  /** Made at or after this time. */
  readonly createdFrom?: number
  /** Made before this time. */
  readonly createdBefore?: number
}

/** Which jobs of one shard to list, the newest first. */
export interface ListRequest extends JobFilter {
  readonly limit: number
  /** Only jobs whose ULID is below this one. */
  readonly before?: string
}

export interface ListReply {
  readonly jobs: readonly JobRecord[]
  /** The ULID down to which this shard was searched. Absent when it was searched to its end. */
  readonly searchedTo?: string
}

/** A redrive, with another input if one is given. */
export interface RedriveRequest {
  readonly id: string
  /** JSON text. */
  readonly input?: string
}

/** Changes what a waiting job waits for. */
export interface UpdateRequest {
  readonly id: string
  readonly priority?: number
  /** In epoch milliseconds. */
  readonly at?: number
  /** From the ledger's now. */
  readonly delayMs?: number
}

export type BulkAction = 'cancel' | 'redrive'

/** Something to do to every job that a filter finds, a slice at a time. The caller makes the id. */
export interface BulkRequest {
  readonly id: string
  readonly action: BulkAction
  readonly filter: JobFilter
}

/** How far a bulk action is on one shard. */
export interface BulkReply {
  readonly action: BulkAction
  readonly done: boolean
  /** Jobs that it has looked at, and jobs that it has changed. */
  readonly looked: number
  readonly changed: number
}
