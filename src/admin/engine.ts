/**
 * What these apps need of the engine, and no more: two narrow faces, so that a fake can stand in for it.
 */
import type { Duration, JobList, JobQuery, JobRecord, JobState, Task } from '../engine/index.ts'

/** A record, with what jobs of schedules, partitions and deadlines carry. */
export type RecordedJob = JobRecord & {
  readonly partition?: string
  readonly expiresAt?: number
  readonly schedule?: { readonly name: string; readonly slot: number }
  /** The job it waits for. */
  readonly after?: string
}

/** Jobs, one by one and in lists. */
export interface JobSteering {
  // biome-ignore lint/suspicious/noExplicitAny: tasks of any types
  served(): ReadonlyMap<string, Task<any, any>>
  get(id: string): Promise<JobRecord>
  list(query?: TimedJobQuery): Promise<JobList>
  cancel(id: string): Promise<JobRecord>
  redrive(id: string, options?: { input?: unknown }): Promise<JobRecord>
}

export type TimedJobQuery = JobQuery & { readonly createdAfter?: Date; readonly createdBefore?: Date }

/** The deployment as a whole: its schedules, its tasks' limits and pauses, many jobs at once. */
export interface Steering {
  readonly schedules: {
    list(): Promise<{ readonly schedules: readonly ScheduleRecord[]; readonly missing: readonly number[] }>
    get(name: string): Promise<ScheduleRecord>
    pause(name: string): Promise<ScheduleRecord>
    resume(name: string): Promise<ScheduleRecord>
    trigger(name: string, options?: Once): Promise<TriggeredJob>
  }
  /** Gives out no new attempts: of one task, or of all. Running ones go on. */
  pause(task?: string): Promise<Steered>
  resume(task?: string): Promise<Steered>
  /** Takes no new jobs, works off those it has. `resume` ends it. */
  drain(task?: string): Promise<Drained>
  /** Undefined: the code's again. */
  setLimits(task: string, limits: Limits | undefined): Promise<Steered>
  settings(): Promise<Settings>
  tasks(): Promise<{ readonly tasks: readonly TaskOverview[]; readonly missing: readonly number[] }>
  amend(id: string, changes: Amendment): Promise<JobRecord>
  cancelMany(filter: JobFilter, options?: Once): Promise<BulkProgress>
  redriveMany(filter: JobFilter, options?: Once): Promise<BulkProgress>
  bulk(id: string): Promise<BulkProgress>
}

export interface Amendment {
  readonly priority?: number
  readonly at?: Date
  readonly delay?: Duration
}

/** A call that is made once however often it is repeated with the same key. */
export interface Once {
  readonly idempotencyKey?: string
}

export type TriggeredJob = {
  readonly id: string
  readonly task: string
  readonly state: JobState
  readonly duplicate: boolean
}

export type JobFilter = Omit<TimedJobQuery, 'limit' | 'cursor'>

export interface BulkProgress {
  readonly id: string
  readonly action: 'cancel' | 'redrive'
  readonly state: 'running' | 'done'
  readonly looked: number
  readonly changed: number
  readonly missing: readonly number[]
}

export interface ScheduleRecord {
  readonly name: string
  readonly task: string
  readonly shard: number
  readonly rule: { readonly cron: string; readonly timezone: string } | { readonly everyMs: number }
  readonly catchUp: 'skip' | 'latest' | 'all'
  readonly overlap: 'allow' | 'skip' | 'cancel'
  readonly spreadMs: number
  readonly state: 'active' | 'paused' | 'stopped'
  readonly stopped?: 'removed' | 'unknown-task'
  readonly nextAt?: number
  readonly next: readonly number[]
  readonly history: readonly {
    readonly slot: number
    readonly at: number
    readonly job?: string
    readonly skipped?: 'missed' | 'overlap' | 'draining' | 'paused'
    readonly count?: number
    readonly trigger?: true
  }[]
}

export interface RateLimit {
  readonly limit: number
  readonly per: Duration
}

export interface Limits {
  readonly rateLimit?: RateLimit
  readonly concurrency?: number
  readonly perPartition?: { readonly rateLimit?: RateLimit; readonly concurrency?: number }
}

export interface Settings {
  readonly version: number
  readonly paused: boolean
  readonly draining: boolean
  readonly tasks: Readonly<
    Record<string, { readonly paused?: true; readonly draining?: true; readonly limits?: Limits }>
  >
}

export interface Steered {
  readonly settings: Settings
  /** Shards that hear of it within a minute. */
  readonly missing: readonly number[]
}

export type Drained = Steered & { readonly left: number }

export interface TaskOverview {
  readonly name: string
  /** False for a task that jobs are recorded of and the code no longer knows. */
  readonly served: boolean
  /** Absent for a task that is not served. */
  readonly policy?: { readonly maxAttempts: number; readonly timeoutMs: number; readonly retentionMs?: number }
  /** What the code declares, and what holds now. */
  readonly limits: { readonly code: Limits; readonly now: Limits }
  readonly paused: boolean
  readonly draining: boolean
  readonly counts: Readonly<Record<JobState, number>>
}
