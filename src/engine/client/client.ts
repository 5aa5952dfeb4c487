/** SKELETON: types first, being filled in. */
import type { JobRecord, JobState } from '../task/job.ts'

/** Which jobs to list. All conditions must hold; an absent one holds for all. */
export interface JobQuery {
  readonly state?: JobState
  readonly task?: string
  readonly tag?: string
  readonly idempotencyKey?: string
  /** How many: 1 to 100, default 20. */
  readonly limit?: number
  /** Where the previous page ended. */
  readonly cursor?: string
}

/** One page of jobs, newest first. */
export interface JobList {
  readonly jobs: readonly JobRecord[]
  /** Present when there may be more: pass it on for the next page, even when `jobs` is empty. */
  readonly cursor?: string
  /** Shards that did not answer: their jobs are not in this page. */
  readonly missing: readonly number[]
}

/** The deployment at a glance. */
export interface Overview {
  /** Recorded jobs by state, over the shards that answered. */
  readonly states: Readonly<Record<JobState, number>>
  /** Shards that did not answer. */
  readonly missing: readonly number[]
}
