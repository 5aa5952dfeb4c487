/**
 * Chard: background work for Cloudflare Workers. This list is the public surface; nothing else is.
 *
 *     export const chard = createChard()
 *     export const drawAvatar = chard.task({ name: 'draw-avatar', input: schema, run: async ({ userId }) => { … } })
 *     const worker = chard.serve([drawAvatar])
 *     export const Ledger = worker.Ledger
 *     export const Runner = worker.Runner
 *     export default { fetch: app.fetch, queue: worker.queue, scheduled: worker.scheduled }
 */

// Set-up: one call a Worker, its options, and what it returns.

export type { Chard, Schedule } from './api.ts'
export { createChard } from './chard.ts'
export type { ChardOptions } from './options.ts'
export type { Duration } from './task/duration.ts'
export type { ChardWorker } from './worker.ts'

// Tasks: a definition in code, its options, and the three ways to run it.

export type { EnqueueManyOptions, EnqueueOptions } from './task/enqueue-options.ts'
export type { LimitOptions, RateLimit, TaskLimits } from './task/limits.ts'
export type { Backoff, RetryOptions } from './task/retry.ts'
export type { FailedContext, RunContext, Task } from './task/task.ts'
export type { TaskOptions } from './task/task-options.ts'
export type { Unique } from './task/unique.ts'

// Inside a handler: how to say more than "done" or "failed".

export { NonRetryableError, RetryAfterError, type Snooze, snooze } from './task/handler-outcomes.ts'

// Jobs: what is recorded of one, its states, and its handle.

export {
  type AttemptOutcome,
  type AttemptRecord,
  type CompletedJob,
  type FailureReason,
  failureReasons,
  isFinal,
  type Job,
  type JobError,
  type JobRecord,
  type JobState,
  jobStates,
  type LogLine,
  type Progress,
  type ScheduledBy,
  type Stored,
} from './task/job.ts'

// chard.jobs: jobs by id, in lists, and many at once.

export type { BulkProgress } from './client/bulk.ts'
export type { JobUpdate } from './client/client.ts'
export type { JobFilter, JobList, JobQuery } from './client/job-search.ts'
export type { Jobs } from './client/jobs.ts'
export type { BulkAction } from './ledger/protocol/jobs.ts'

// chard.tasks, and pause, resume, drain and settings of the whole deployment.

export type { DrainResult, SettingsResult } from './client/control.ts'
export type { TaskList, TaskOverview } from './client/task-list.ts'
export type { Tasks } from './client/tasks.ts'
export type { Settings, TaskSettings } from './ledger/protocol/settings.ts'

// Schedules: when a task runs by itself; chard.schedules: what is recorded of each.

export type { ScheduleList, Schedules } from './client/schedules.ts'
export { type ScheduleRecord, type SkipReason, type SlotRecord, skipReasons } from './ledger/protocol/schedules.ts'
export type { CatchUp, Overlap, ScheduleOptions } from './task/schedule.ts'

// chard.stats: the deployment now and over time.

export type { Overview } from './client/overview.ts'
export { type ChartSpan, type Charts, chartSpans, type Metrics, type Stats } from './client/stats.ts'
export { bucketEndsMs } from './ledger/domain/stats.ts'
export type { ShardMetrics, TaskChart } from './ledger/protocol/shard.ts'
export type { Counters, Histogram } from './ledger/protocol/stats.ts'

// Errors of the engine itself, with a closed list of codes.

export { ChardError, type ChardErrorCode, type InputIssue } from './task/errors.ts'
export { JobFailedError } from './task/job-failed-error.ts'

// Traces: what one request led to, found by one id.

export { currentTrace, withTrace } from './platform.ts'
export { traceIdOf } from './task/trace.ts'

// The webhook: an endpoint that is told of failed jobs.

export type { FailedMessage, Webhook, WebhookOption } from './webhook.ts'
