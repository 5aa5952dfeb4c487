/**
 * The answers of the API as the dashboard reads them. Types only, so that test/admin/wire.test.ts can compare them with the
 * routes of the API.
 */
import type { Counts, JobState } from '../states/states.ts'

/** What the dashboard reads, by the route under `/api` that answers it. */
export interface Answers {
  '/overview': Overview
  '/charts': Charts
  '/settings': Settings
  '/tasks': TaskList
  '/jobs': JobList
  '/jobs/:id': JobDetail
  '/bulk/:id': Bulk
  '/schedules': ScheduleList
}

export interface ShardView {
  shard: number
  states: Counts
  oldestReadyAt?: string | undefined
  runners: number
  wakeUps: { unanswered: number; resent: number }
  alarmAt?: string | undefined
  bytes: number
  halted?: true | undefined
}

export interface Overview {
  states: Counts
  shards: ShardView[]
  missing: readonly number[]
}

export interface Rate {
  limit: number
  per: string | number
}

export interface FlowLimits {
  rateLimit?: Rate | undefined
  concurrency?: number | undefined
}

export interface Limits extends FlowLimits {
  perPartition?: FlowLimits | undefined
}

export interface Settings {
  version: number
  paused: boolean
  draining: boolean
  tasks: Record<string, { paused?: true | undefined; draining?: true | undefined; limits?: Limits | undefined }>
}

export interface Task {
  name: string
  /** False when jobs are recorded of it and the code no longer serves it. */
  served: boolean
  policy?: { maxAttempts: number; timeoutMs: number; retentionMs?: number | undefined } | undefined
  limits: { code: Limits; now: Limits }
  paused: boolean
  draining: boolean
  counts: Counts
}

export interface TaskList {
  tasks: Task[]
  missing: readonly number[]
}

export interface Progress {
  value: number
  message?: string | undefined
}

export interface JobSummary {
  id: string
  task: string
  state: JobState
  reason?: 'exhausted' | 'rejected' | 'expired' | 'crashed' | undefined
  attempt: number
  maxAttempts: number
  priority: number
  tags: readonly string[]
  idempotencyKey?: string | undefined
  partition?: string | undefined
  schedule?: { name: string; slot: string } | undefined
  after?: string | undefined
  progress?: Progress | undefined
  createdAt: string
  dueAt?: string | undefined
  startedAt?: string | undefined
  finishedAt?: string | undefined
  expiresAt?: string | undefined
  input?: unknown
  redacted?: true | undefined
  error?: { name: string; code?: string | undefined } | undefined
}

export interface JobError {
  name: string
  message: string
  stack?: string | undefined
  code?: string | undefined
}

export type Outcome = 'completed' | 'failed' | 'snoozed' | 'rejected' | 'cancelled' | 'lapsed'

export interface Attempt {
  attempt: number
  startedAt: string
  endedAt: string
  outcome: Outcome
  error?: JobError | undefined
  log?: { at: string; message: string }[] | undefined
}

export interface JobDetail extends Omit<JobSummary, 'error'> {
  error?: JobError | undefined
  output?: unknown
  history: Attempt[]
  /** The trace of the request that created it. */
  trace?: string | undefined
}

export interface JobList {
  jobs: JobSummary[]
  cursor?: string | undefined
  missing: readonly number[]
}

export interface Bulk {
  id: string
  action: 'cancel' | 'redrive'
  state: 'running' | 'done'
  looked: number
  changed: number
  missing: readonly number[]
}

export interface ScheduleView {
  name: string
  task: string
  shard: number
  rule?: { cron: string; timezone: string } | { everyMs: number } | undefined
  /** `skip`, `latest` or `all`; and `allow`, `skip` or `cancel`. Absent when the code no longer defines the schedule. */
  catchUp?: string | undefined
  overlap?: string | undefined
  jitterMs?: number | undefined
  state: 'active' | 'paused' | 'stopped'
  /** `removed`, `unknown-task`, or what a later release adds. */
  stopped?: string | undefined
  nextAt?: string | undefined
  next: string[]
  history: Slot[]
}

/** What happened at one slot. */
export interface Slot {
  slot: string
  at: string
  job?: string | undefined
  /** `missed`, `overlap`, `draining`, `paused`, or what a later release adds. */
  skipped?: string | undefined
  count?: number | undefined
  trigger?: true | undefined
}

export interface ScheduleList {
  schedules: ScheduleView[]
  missing: readonly number[]
}

/** Counts by step of time: each array has `(to - from) / step` numbers. The last bucket of a histogram has no upper end. */
export interface Charts {
  span: 'hour' | 'day'
  stepSeconds: number
  from: string
  to: string
  missing: readonly number[]
  bucketEndsMs: readonly number[]
  tasks: Record<string, TaskChart>
}

export interface TaskChart {
  enqueued: readonly number[]
  completed: readonly number[]
  /** Attempts that failed, lapsed or were rejected. */
  failed: readonly number[]
  expired: readonly number[]
  queueMs: readonly (readonly number[])[]
  runMs: readonly (readonly number[])[]
}
