/**
 * A job as JSON: what anybody with its URL may see, and what an admin sees. Both are written field by field, so that
 * a field added to the record stays unseen until somebody decides here who sees it.
 */
import type { AttemptRecord, FailureReason, JobRecord, LogLine, Overview } from '../engine/index.ts'

/**
 * What the holder of a job's URL sees. Left out on purpose: input, stack, logs, history, idempotency key and tags, all
 * of which may hold personal data or internals. So may the message and the name of what a handler threw, hence `error`
 * says in our own words what `reason` means. `output` and `progress` are what the task chose to tell.
 */
export interface PublicJob {
  readonly id: string
  readonly task: string
  readonly state: JobRecord['state']
  readonly reason?: FailureReason
  readonly attempt: number
  readonly maxAttempts: number
  readonly progress?: JobRecord['progress']
  /** This and all other times in ISO 8601, UTC. */
  readonly createdAt: string
  readonly dueAt?: string
  readonly startedAt?: string
  readonly finishedAt?: string
  readonly output?: unknown
  readonly error?: { readonly message: string }
  readonly url: string
}

const reasonMessages: Readonly<Record<FailureReason, string>> = {
  exhausted: 'It did not succeed in any of its attempts.',
  rejected: 'It was refused: it can never succeed.',
  expired: 'It was not started by its deadline.',
  crashed: 'Its last attempt ended without an answer.',
}

/** @param url where this view is found */
export function publicJob(record: JobRecord, url: string): PublicJob {
  const { id, task, state, reason, attempt, maxAttempts, progress, output } = record
  return {
    id,
    task,
    state,
    ...(reason && { reason }),
    attempt,
    maxAttempts,
    // Field by field here too: a handler's progress object is stored as it came.
    ...(progress && {
      progress: { value: progress.value, ...(progress.message !== undefined && { message: progress.message }) },
    }),
    ...jobTimes(record),
    ...(output !== undefined && { output }),
    ...(reason && { error: { message: reasonMessages[reason] } }),
    url,
  }
}

/** Everything recorded, for admins: the record with its times in ISO 8601. */
export function adminJob(record: JobRecord) {
  const { id, task, state, reason, attempt, maxAttempts, priority, tags, idempotencyKey } = record
  const { progress, input, output, error, history } = record
  return {
    id,
    task,
    state,
    reason,
    attempt,
    maxAttempts,
    priority,
    tags,
    idempotencyKey,
    ...jobTimes(record),
    progress,
    input,
    output,
    error,
    history: history.map(attemptView),
  }
}

/** The deployment at a glance, as an operator sees it. */
export function overviewView({ states, shards, missing }: Overview) {
  return { states, shards: shards.map(shardView), missing }
}

function shardView({ oldestReadyAt, alarmAt, ...shard }: Overview['shards'][number]) {
  return {
    ...shard,
    ...(oldestReadyAt !== undefined && { oldestReadyAt: iso(oldestReadyAt) }),
    ...(alarmAt !== undefined && { alarmAt: iso(alarmAt) }),
  }
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

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
