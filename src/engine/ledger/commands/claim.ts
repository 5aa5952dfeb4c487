/**
 * The verb that gives jobs to a runner: by count and by bytes, only tasks it knows, only what its remaining time fits.
 *
 * I2: a claim writes a new lease over a row that waits, and only over that. I4: only while attempts are left.
 */
import { isFinal } from '../../task/job.ts'
import { leaseMs, leasePrefix, leaseToken } from '../domain/lease.ts'
import { isReady, type JobRowWithInput, scheduledBy } from '../domain/row.ts'
import { isPaused } from '../domain/settings.ts'
import { begun, postponed, soloFromLapse } from '../domain/transitions.ts'
import type { Lane } from '../memory/lane.ts'
import type { Group } from '../memory/limits.ts'
import type { Picked } from '../memory/ready-index.ts'
import type { Claimed, SyncRequest } from '../protocol/protocol.ts'
import type { CoreParts } from '../transaction/context.ts'
import type { Turn } from '../transaction/transaction.ts'
import { expire } from './settle.ts'

/** The bytes of input in one answer. An RPC carries 32 MiB. */
const answerBytesMax = 4 * 1024 * 1024
/** Jobs in one answer, whatever a runner wants. */
const answerJobsMax = 500
/** What a runner needs after a job's timeout to settle it. */
export const settleMarginMs = 2_000

export function claim(core: CoreParts, turn: Turn, request: SyncRequest): Claimed[] {
  if (request.want < 1 || request.done) return []
  const { jobs: picked, full } = pick(core, turn, request)
  const rows = core.jobs
    .withInput(picked.map(({ id }) => id))
    .map((row) => turn.latest(row))
    .filter((row) => claimable(core, turn, row))
  const token = leaseToken(request.runner, request.seq, core.random)
  const readyAt = new Map(picked.map((job) => [job.id, job.readyAt]))
  for (const { id, task } of rows) turn.tallies.claimed(turn.now, task, turn.now - (readyAt.get(id) ?? turn.now))
  core.limits.started(turn, rows)
  // After the starts are known: when a partition opens depends on them.
  if (full.length > 0) turn.after(() => parkAll(core, full, turn.now))
  return rows.map((row) => {
    const running = turn.change(row, begun(row, token, turn.now + leaseMs, turn.now))
    return claimedOf({ ...row, ...running }, turn.now)
  })
}

/** What a retried sync claimed the first time, read from the rows: memory may have been lost in between. */
export function claimedBefore(core: CoreParts, turn: Turn, { runner, seq }: SyncRequest): Claimed[] {
  const prefix = leasePrefix(runner, seq)
  const running = core.books.running.of(runner)
  const ids = running.filter(({ lease }) => lease.startsWith(prefix)).map(({ id }) => id)
  return ids.length === 0 ? [] : core.jobs.withInput(ids).map((row) => claimedOf(row, turn.now))
}

/** I7: what a limit leaves no room for is not picked, and its partition is parked until there is. */
function pick(core: CoreParts, turn: Turn, { seq, beat, tasks, want, remainingMs, settle }: SyncRequest): Picked {
  const { books, limits } = core
  const ended = turn.ended()
  // Places that this very sync has freed are filled by it: a limit as large as the capacity costs no round trip.
  for (const { task, partition } of ended) books.ready.unpark(task, partition)
  const admission = limits.admission(turn.now, (group) => countOf(ended, group))
  // A job whose late success comes with this very sync still waits in memory, and must not be claimed.
  const late = new Set(settle.map(({ id }) => id).filter((id) => books.ready.has(id)))
  const settings = core.standing.settings
  const accepts = (task: string) => {
    const timeoutMs = tasks[task]
    return timeoutMs !== undefined && timeoutMs + settleMarginMs <= remainingMs && !isPaused(settings, task)
  }
  const skips = (id: string) => late.has(id)
  const solo = beat.length === 0 ? books.ready.nextSolo({ accepts, admission, skips }) : undefined
  // A fresh runner serves a solo job first, so that it is not starved; a used one only when nothing else is there.
  if (solo && seq === 1) return { jobs: [solo], full: [] }
  const count = Math.min(want, answerJobsMax)
  const { jobs, full } = books.ready.next({ accepts, admission, skips, count, bytesMax: answerBytesMax })
  return { jobs: jobs.length === 0 && solo ? [solo] : jobs, full }
}

function countOf(ended: readonly Group[], { task, partition }: Group): number {
  return ended.filter((one) => one.task === task && (partition === '' || one.partition === partition)).length
}

/** Full partitions are not looked at until time or an ending attempt has opened them. */
export function parkAll({ books, limits }: CoreParts, full: readonly Lane[], now: number): void {
  for (const lane of full) {
    books.ready.park(lane)
    limits.parked(lane, now)
  }
}

/**
 * Memory mirrors rows; should it ever be wrong, the row wins. A clock that stepped back makes a job wait again, one that
 * is past its deadline fails, and one whose predecessor has not ended waits on.
 */
function claimable(core: CoreParts, turn: Turn, row: JobRowWithInput): boolean {
  const { books } = core
  if (expire(core, turn, row) || postpone(core, turn, row)) return false
  const ready = isReady(row, turn.now)
  if (ready && row.attempt < row.maxAttempts) return true
  turn.after(() => {
    books.ready.remove(row.id)
    if (!ready) books.place(row, turn.now)
  })
  return false
}

/** True when the job it waits for has not ended: it waits on. Most often that job has told it to go. */
function postpone(core: CoreParts, turn: Turn, row: JobRowWithInput): boolean {
  if (row.after === null) return false
  const [before] = core.jobs.byIds([row.after])
  if (!before || isFinal(turn.latest(before).state)) return false
  turn.change(row, postponed(row, turn.now))
  return true
}

/** The answer to a claim, from the row of a running job. */
export function claimedOf(row: JobRowWithInput, now: number): Claimed {
  const schedule = scheduledBy(row)
  // Of one that was redriven the row does not tell since when it has been ready.
  const readyAt = row.dueAt ?? (row.attempt === 1 ? row.createdAt : null)
  return {
    id: row.id,
    task: row.task,
    input: row.input,
    lease: row.lease ?? '',
    leaseMs: Math.max(0, (row.leaseUntil ?? now) - now),
    attempt: row.attempt,
    maxAttempts: row.maxAttempts,
    priority: row.priority,
    tags: row.tags === null ? [] : (JSON.parse(row.tags) as string[]),
    createdAt: row.createdAt,
    ...(row.partition !== '' && { partition: row.partition }),
    ...(schedule && { schedule }),
    ...(row.trace !== null && { trace: row.trace }),
    ...(readyAt !== null && { queuedMs: Math.max(0, (row.startedAt ?? now) - readyAt) }),
    ...(row.lapses >= soloFromLapse && { solo: true }),
  }
}
