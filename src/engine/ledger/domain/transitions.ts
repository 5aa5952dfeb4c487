/**
 * What an event makes of a job: the one place that decides a next state. Pure: the row, the event, the time and a random number
 * go in, and the next row comes out. The rest of the ledger writes what is decided here.
 *
 *   scheduled ─┐             ┌─> completed
 *   queued ────┼─> running ──┼─> failed       a redrive takes any of the three
 *   retrying ──┘      │      └─> cancelled    back to queued
 *       ^─────────────┘  failed, lapsed or snoozed, with attempts left
 *
 * I3: only a redrive moves a final row. I4: `attempt` never passes `maxAttempts`.
 */

import { fitsBytes, historyCharsMax, historyEntriesMax, outputBytesMax } from '../../task/bounds.ts'
import { durationMsMax } from '../../task/duration.ts'
import {
  type AttemptOutcome,
  type AttemptRecord,
  type FailureReason,
  isFinal,
  type JobError,
  type LogLine,
  type Progress,
} from '../../task/job.ts'
import { type RetryPolicy, retryDelayMs } from '../../task/retry.ts'
import type { Outcome, Settlement } from '../protocol/sync.ts'
import type { JobRow } from './row.ts'

/** How often one job gets an attempt back that never started. Without a bound a broken runner could loop for ever. */
export const refundsMax = 3
/** Calls that are remembered with the job whose input they have renewed. */
const callsMax = 8
/** A job that waits for another is looked at this often. The longest attempt of the other ends sooner. */
const lookAfterMs = 15 * 60_000
/** From this lapse on a job runs alone, so that a job that crashes its isolate cannot end its neighbours again and again. */
export const soloFromLapse = 2

/** What a decision needs besides the row. */
export interface Circumstances {
  readonly now: number
  /** From 0 up to 1, for the jitter of a backoff. */
  readonly random: number
  readonly retry: RetryPolicy
}

/** A claim: the next attempt begins under a new lease. */
export function begun(row: JobRow, lease: string, leaseUntil: number, now: number): JobRow {
  return {
    ...row,
    state: 'running',
    attempt: row.attempt + 1,
    lease,
    leaseUntil,
    startedAt: now,
    progress: null,
    after: null,
    notBefore: null,
  }
}

/**
 * The end of an attempt. The caller has checked that its lease is live. A row that waits with a live lease has lapsed
 * and its attempt is already counted: only a late success still changes it.
 */
export function settled(
  row: JobRow,
  { outcome, ranMs, log, progress }: Settled,
  circumstances: Circumstances,
): JobRow | undefined {
  const { now } = circumstances
  if (row.state !== 'running' && (outcome.kind !== 'completed' || isFinal(row.state))) return undefined
  const sound = storable(outcome)
  const ended = {
    ...row,
    history: withAttempt(row, attemptOutcomes[sound.kind], now, ranMs, errorOf(sound), log),
    progress: progress ? JSON.stringify(progress) : row.progress,
  }
  if (sound.kind === 'completed') {
    const attempt = Math.max(1, row.attempt)
    return final(
      { ...ended, attempt, progress: whole(ended.progress), output: sound.output ?? null, error: null },
      'completed',
      now,
    )
  }
  if (sound.kind === 'cancelled' || row.cancelling) return final(ended, 'cancelled', now)
  if (sound.kind === 'snoozed') {
    // Not an attempt that failed: it is given back, and the lease that fenced it dies.
    return waiting({ ...ended, attempt: row.attempt - 1 }, 'scheduled', now + sound.forMs)
  }
  // A runner of another version may report no error.
  const failed = { ...ended, error: sound.error === undefined ? null : JSON.stringify(sound.error) }
  if (sound.kind === 'rejected') return final(failed, 'failed', now, 'rejected')
  if (row.attempt >= row.maxAttempts) return final(failed, 'failed', now, 'exhausted')
  const delayMs = sound.retryAfterMs ?? retryDelayMs(circumstances.retry, row.attempt, circumstances.random)
  return waiting(failed, 'retrying', now + delayMs)
}

export type Settled = Pick<Settlement, 'outcome' | 'ranMs' | 'log' | 'progress'>

/**
 * Nobody settled the attempt before its lease ended. The lease stays live until it is replaced, so that a late success is not
 * thrown away.
 *
 * @param neverStarted true when the runner never confirmed the claim: the attempt is given back, up to three times
 */
export function lapsed(row: JobRow, neverStarted: boolean, { now, random, retry }: Circumstances): JobRow {
  // An attempt that is given back still counts as a lapse: a job that crashes its isolate at once must come to run alone.
  if (neverStarted && row.refunds < refundsMax && !row.cancelling)
    return { ...refunded(row, now), lapses: row.lapses + 1 }
  const ended = {
    ...row,
    lapses: row.lapses + 1,
    history: withAttempt(row, 'lapsed', now, now - (row.startedAt ?? now), lapseError),
    error: JSON.stringify(lapseError),
  }
  if (row.cancelling) return final(ended, 'cancelled', now)
  if (row.attempt >= row.maxAttempts) return final(ended, 'failed', now, 'crashed')
  // The first lapse is usually a deploy or an eviction, and nothing to wait for. A second one may be caused by the job.
  const delayMs = row.lapses === 0 ? 0 : retryDelayMs(retry, row.lapses, random)
  return { ...ended, state: 'retrying', dueAt: now + delayMs }
}

/** A claim that never started: the attempt is given back. */
export function refunded(row: JobRow, now: number): JobRow {
  const startedAt = row.attempt === 1 ? null : row.startedAt
  return { ...row, state: 'retrying', dueAt: now, attempt: row.attempt - 1, refunds: row.refunds + 1, startedAt }
}

/** Asked to stop: a waiting job at once, a running one through its runner's next heartbeat. Undefined: it is final. */
export function cancelAsked(row: JobRow, now: number): JobRow | undefined {
  if (isFinal(row.state)) return undefined
  return row.state === 'running' ? { ...row, cancelling: 1 } : final(row, 'cancelled', now)
}

/** True for a job that no attempt has begun by its deadline. */
export function isExpired({ startedAt, expiresAt }: Pick<JobRow, 'startedAt' | 'expiresAt'>, now: number): boolean {
  return startedAt === null && expiresAt !== null && expiresAt <= now
}

/** Nobody started it by its deadline. Undefined: it has no deadline, the deadline has not passed, or it was started. */
export function expired(row: JobRow, now: number): JobRow | undefined {
  if (isFinal(row.state) || row.state === 'running' || !isExpired(row, now)) return undefined
  return final({ ...row, error: JSON.stringify(expiredError) }, 'failed', now, 'expired')
}

/** The job it waited for has ended. */
export function released(row: JobRow, now: number): JobRow {
  return { ...row, after: null, notBefore: null, dueAt: Math.max(now, row.notBefore ?? now) }
}

/** It waits for the end of another job, and not only for its time. It is looked at again even if nothing releases it. */
export function following(row: JobRow, after: string, notBefore: number, now: number): JobRow {
  const lookAt = Math.min(Math.max(notBefore, now + lookAfterMs), row.expiresAt ?? Number.POSITIVE_INFINITY)
  return { ...row, state: 'scheduled', after, notBefore, dueAt: Math.max(lookAt, now + 1) }
}

/** Its time has come, but the job that it waits for has not ended: it is looked at again later. */
export function postponed(row: JobRow, now: number): JobRow {
  return following(row, row.after ?? '', row.notBefore ?? now, now)
}

/**
 * A waiting job takes the newest input. What an attempt has done with the old input no longer counts: the lease of a lapsed
 * attempt dies, so that its late success is not taken for one with the new input.
 *
 * @param dueAt its new time; undefined: it keeps the one it has
 */
export function renewed(row: JobRow, renewal: Renewal, now: number): JobRow {
  const { call, bytes, priority, expiresAt, dueAt } = renewal
  const next = {
    ...row,
    bytes,
    priority: Math.max(row.priority, priority),
    expiresAt,
    calls: JSON.stringify([...callsOf(row), call].slice(-callsMax)),
    leaseUntil: null,
  }
  return dueAt === undefined ? next : timed(next, dueAt, now)
}

export interface Renewal {
  /** The id that the call made. */
  readonly call: string
  readonly bytes: number
  readonly priority: number
  /** The deadline of the newest call, also when that call has none. */
  readonly expiresAt: number | null
  readonly dueAt: number | undefined
}

/** The newest calls under a job's key that made no job of their own. */
export function callsOf({ calls }: Pick<JobRow, 'calls'>): string[] {
  return calls === null ? [] : (JSON.parse(calls) as string[])
}

/** A person changes what a waiting job waits for. Undefined: it does not wait. */
export function updated(row: JobRow, { priority, at }: JobChange, now: number): JobRow | undefined {
  if (isFinal(row.state) || row.state === 'running') return undefined
  const next = { ...row, priority: priority ?? row.priority }
  return at === undefined ? next : timed(next, at, now)
}

/** What a person changes of a waiting job. */
export interface JobChange {
  readonly priority?: number | undefined
  /** In epoch milliseconds. A time in the past means now. */
  readonly at?: number | undefined
}

/** A waiting job with another time. */
function timed(row: JobRow, at: number, now: number): JobRow {
  if (row.after !== null) return following(row, row.after, at, now)
  const state = row.state === 'queued' && at > now ? 'scheduled' : row.state
  return { ...row, state, notBefore: null, dueAt: state === 'queued' ? row.dueAt : Math.max(at, now) }
}

/** A person wants it tried again: it gets the attempts of its policy on top of those used. Undefined: it is not final. */
export function redriven(row: JobRow, { now, retry }: Pick<Circumstances, 'now' | 'retry'>): JobRow | undefined {
  if (!isFinal(row.state)) return undefined
  return {
    ...row,
    state: 'queued',
    reason: null,
    maxAttempts: row.attempt + retry.maxAttempts,
    lapses: 0,
    refunds: 0,
    cancelling: 0,
    dueAt: null,
    // It has waited since now, and not since it was made.
    notBefore: now,
    expiresAt: null,
    finishedAt: null,
    leaseUntil: null,
    after: null,
    successor: null,
    progress: null,
    output: null,
  }
}

function final(
  row: JobRow,
  state: 'completed' | 'failed' | 'cancelled',
  now: number,
  reason: FailureReason | null = null,
): JobRow {
  return { ...row, state, reason, dueAt: null, finishedAt: now, leaseUntil: null, cancelling: 0 }
}

/** A completed job has made all of its progress, whatever its handler reported last. */
function whole(progress: string | null): string | null {
  return progress && JSON.stringify({ ...(JSON.parse(progress) as Progress), value: 1 })
}

function waiting(row: JobRow, state: 'scheduled' | 'retrying', dueAt: number): JobRow {
  return { ...row, state, dueAt, leaseUntil: null }
}

const attemptOutcomes: Record<Outcome['kind'], AttemptOutcome> = {
  completed: 'completed',
  failed: 'failed',
  snoozed: 'snoozed',
  rejected: 'rejected',
  cancelled: 'cancelled',
}

const expiredError: JobError = { name: 'Expired', message: 'no attempt was begun by its deadline' }

export const lapseError: JobError = {
  name: 'LeaseLapsed',
  message: 'the runner of this attempt was not heard of before its lease ended: it crashed, was evicted or was cut off',
}

/** An outcome that fits into its row. A runner bounds what it sends, but a runner of another version may not. */
export function storable(outcome: Outcome): Outcome {
  if (!Object.hasOwn(attemptOutcomes, outcome.kind))
    return failure(`a runner of another version reported "${String(outcome.kind)}"`)
  if (outcome.kind === 'completed' && outcome.output !== undefined && !fitsBytes(outcome.output, outputBytesMax)) {
    return failure(`the output is over ${outputBytesMax / 1024} KiB of JSON; store it in R2 and return its key`)
  }
  if (outcome.kind === 'snoozed' && !isWait(outcome.forMs)) return failure(`a snooze of ${outcome.forMs} ms has no end`)
  if (outcome.kind === 'failed' && !isWait(outcome.retryAfterMs ?? 0)) return { kind: 'failed', error: outcome.error }
  return outcome
}

function isWait(ms: number): boolean {
  return ms >= 0 && ms <= durationMsMax
}

function failure(message: string): Outcome {
  return { kind: 'failed', error: { name: 'UnstorableOutcome', message } }
}

function errorOf(outcome: Outcome): JobError | undefined {
  return 'error' in outcome ? outcome.error : undefined
}

/** The history with one more ended attempt, bounded in entries and in characters: the oldest entries go first. */
function withAttempt(
  row: JobRow,
  outcome: AttemptOutcome,
  now: number,
  ranMs: number,
  error?: JobError,
  log?: readonly LogLine[],
): string {
  const entry: AttemptRecord = {
    attempt: Math.max(1, row.attempt),
    startedAt: now - Math.max(0, ranMs),
    endedAt: now,
    outcome,
    ...(error && { error }),
    ...(log && log.length > 0 && { log }),
  }
  const entries = [...((row.history ? JSON.parse(row.history) : []) as AttemptRecord[]), entry].slice(
    -historyEntriesMax,
  )
  let text = JSON.stringify(entries)
  while (text.length > historyCharsMax && entries.length > 1) {
    entries.shift()
    text = JSON.stringify(entries)
  }
  return text
}
