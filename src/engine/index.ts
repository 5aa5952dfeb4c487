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

// Set-up: one call a Worker, and what it takes.
export { createChard } from './chard.ts'
export type { JobAmendment, JobFilter, JobList, JobQuery, Overview } from './client/client.ts'
export type { BulkProgress, Drained, ScheduleList, Steered } from './client/control.ts'
export type { Schedules } from './client/schedules.ts'
export { type ChartSpan, type Charts, chartSpans, type Metrics } from './client/stats.ts'
export type { TaskList, TaskOverview } from './client/task-list.ts'
export type { Chard, Schedule } from './compose.ts'
export { bucketEndsMs } from './ledger/domain/stats.ts'
export {
  type BulkAction,
  type ScheduleRecord,
  type ShardMetrics,
  type SkipReason,
  type SlotRecord,
  skipReasons,
  type TaskChart,
} from './ledger/protocol/protocol.ts'
export type { Settings, TaskSettings } from './ledger/protocol/settings.ts'
export type { Counters, Histogram } from './ledger/protocol/stats.ts'
export type { ChardOptions } from './options.ts'
// Traces: what a request led to, found by one id.
export { currentTrace, withTrace } from './platform.ts'
export type { Duration } from './task/duration.ts'
// Inside a handler: how to say more than "done" or "failed".
// Errors of the engine itself: a closed list of codes.
export {
  ChardError,
  type ChardErrorCode,
  type InputIssue,
  JobFailedError,
  NonRetryableError,
  RetryAfterError,
  type Snooze,
  snooze,
} from './task/errors.ts'
// Jobs: what was recorded, and its handle.
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
export type { LimitOptions, RateLimit, TaskLimits } from './task/limits.ts'
export type { Backoff, RetryOptions } from './task/retry.ts'
// Schedules: when a task runs by itself.
export type { CatchUp, Overlap, ScheduleOptions } from './task/schedule.ts'
// Tasks: a definition in code, and the three ways to run it.
export type { EnqueueManyOptions, EnqueueOptions, FailedContext, RunContext, Task, TaskOptions } from './task/task.ts'
export { traceIdOf } from './task/trace.ts'
export type { Unique } from './task/unique.ts'
// Failures, told to an endpoint.
export type { FailedMessage, Webhook, WebhookOption } from './webhook.ts'
export type { ChardWorker } from './worker.ts'
