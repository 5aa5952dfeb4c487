/**
 * A job as JSON: what everybody with its URL may see, and what an admin sees. Each view is written field by field, so that a
 * field that is added to the record stays hidden until somebody decides here who sees it.
 */
import type { z } from '@hono/zod-openapi'
import type { AttemptRecord, FailureReason, JobRecord, LogLine } from '../engine/index.ts'
import type { jobDetailSchema, jobSummarySchema, publicJobSchema } from './schema/job.ts'
import type { SeenInput } from './visible.ts'

export type PublicJob = z.infer<typeof publicJobSchema>
export type JobSummary = z.infer<typeof jobSummarySchema>
export type JobDetail = z.infer<typeof jobDetailSchema>

const reasonMessages: Readonly<Record<FailureReason, string>> = {
  exhausted: 'It did not succeed in any of its attempts.',
  rejected: 'It was refused: it can never succeed.',
  expired: 'It was not started by its deadline.',
  crashed: 'Its last attempt ended without an answer.',
}

/** @param url the URL of this view */
export function publicJob(record: JobRecord, url: string): PublicJob {
  const { reason, output } = record
  return {
    ...identity(record),
    ...progressOf(record),
    ...jobTimes(record),
    ...(output !== undefined && { output }),
    ...(reason && { error: { message: reasonMessages[reason] } }),
    url,
  }
}

export function jobSummary(record: JobRecord, seen: SeenInput): JobSummary {
  const { error } = record
  return {
    ...identity(record),
    ...filing(record),
    ...jobTimes(record),
    ...seen,
    ...(error && { error: { name: error.name, ...(error.code !== undefined && { code: error.code }) } }),
  }
}

export function jobDetail(record: JobRecord, seen: SeenInput): JobDetail {
  const { output, error, history } = record
  return {
    ...identity(record),
    ...filing(record),
    ...jobTimes(record),
    ...seen,
    output,
    error,
    history: history.map(attemptView),
  }
}

function identity({ id, task, state, reason, attempt, maxAttempts }: JobRecord) {
  return { id, task, state, ...(reason && { reason }), attempt, maxAttempts }
}

function filing({ priority, tags, idempotencyKey, partition, schedule, after, expiresAt, trace, ...rest }: JobRecord) {
  return {
    priority,
    tags,
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(partition !== undefined && { partition }),
    ...(schedule && { schedule: { name: schedule.name, slot: iso(schedule.slot) } }),
    ...(after !== undefined && { after }),
    ...(trace !== undefined && { trace }),
    ...(expiresAt !== undefined && { expiresAt: iso(expiresAt) }),
    ...progressOf(rest),
  }
}

/** Field by field too, because a handler's progress is stored as it came. */
function progressOf({ progress }: Pick<JobRecord, 'progress'>) {
  if (!progress) return {}
  const { value, message } = progress
  return { progress: { value, ...(message !== undefined && { message }) } }
}

function jobTimes({ createdAt, dueAt, startedAt, finishedAt }: JobRecord) {
  return {
    createdAt: iso(createdAt),
    ...(dueAt !== undefined && { dueAt: iso(dueAt) }),
    ...(startedAt !== undefined && { startedAt: iso(startedAt) }),
    ...(finishedAt !== undefined && { finishedAt: iso(finishedAt) }),
  }
}

function attemptView({ attempt, startedAt, endedAt, outcome, error, log }: AttemptRecord) {
  return { attempt, startedAt: iso(startedAt), endedAt: iso(endedAt), outcome, error, log: log?.map(logView) }
}

function logView({ at, message }: LogLine) {
  return { at: iso(at), message }
}

export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
