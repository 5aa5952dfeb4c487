/**
 * Gives jobs to a runner: by count and by bytes, only tasks that it knows, only what fits the time that it has left.
 *
 * I2: a claim writes a new lease over a row that waits, and only over that. I4: only while attempts are left.
 */
import { isFinal } from '../../task/states.ts'
import { leaseMs, leasePrefix, leaseToken } from '../domain/lease.ts'
import { isReady, type JobRowWithInput, scheduledBy } from '../domain/row.ts'
import { isPaused } from '../domain/settings.ts'
import { begun, postponed, soloFromLapse } from '../domain/transitions.ts'
import type { Lane } from '../memory/lane.ts'
import type { Group } from '../memory/limits.ts'
import type { Picked } from '../memory/ready-index.ts'
import type { Claimed, SyncRequest } from '../protocol/sync.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { failExpired } from './settle.ts'

/** The bytes of input in one answer. An RPC carries 32 MiB. */
const answerBytesMax = 4 * 1024 * 1024
/** Jobs in one answer, however many a runner wants. */
const answerJobsMax = 500
/** More work than this makes no difference to anybody who asks. */
const countMax = 1_000
/** What a runner needs after a job's timeout to settle it. */
export const settleMarginMs = 2_000

export function claim(tx: Transaction, request: SyncRequest): Claimed[] {
  if (request.want < 1 || request.done) return []
  const { context, now } = tx
  const { jobs: picked, full } = pick(tx, request)
  const rows = tx.jobsWithInput(picked.map(({ id }) => id)).filter((row) => admit(tx, row))
  const token = leaseToken(request.runner, request.seq, context.random)
  const readyAt = new Map(picked.map((job) => [job.id, job.readyAt]))
  for (const { id, task } of rows) tx.stats.countClaimed(now, task, now - (readyAt.get(id) ?? now))
  context.limits.recordStarts(tx, rows)
  // Once the starts are in memory: when a partition resets depends on them.
  if (full.length > 0) tx.onCommit(() => parkAll(context, full, now))
  return rows.map((row) => {
    const running = tx.change(row, begun(row, token, now + leaseMs, now))
    return claimedOf({ ...row, ...running }, now)
  })
}

/** What a repeated sync claimed the first time, read from the rows: memory may have been lost in between. */
export function claimedBefore(tx: Transaction, { runner, seq }: SyncRequest): Claimed[] {
  const prefix = leasePrefix(runner, seq)
  const running = tx.context.memory.running.of(runner)
  const ids = running.filter(({ lease }) => lease.startsWith(prefix)).map(({ id }) => id)
  return tx.jobsWithInput(ids).map((row) => claimedOf(row, tx.now))
}

/** I7: a job that a limit leaves no room for is not picked, and its partition is parked until there is room. */
function pick(tx: Transaction, { seq, heartbeats, tasks, want, remainingMs, settle }: SyncRequest): Picked {
  const { memory, limits, cached } = tx.context
  const ended = tx.endedAttempts()
  // The slots that this very sync has freed are filled by it: a limit as large as the capacity costs no round trip.
  for (const { task, partition } of ended) memory.ready.unpark(task, partition)
  const admission = limits.admission(tx.now, (group) => countOf(ended, group))
  // A job whose late success comes with this very sync still waits in memory, and must not be claimed.
  const late = new Set(settle.map(({ id }) => id).filter((id) => memory.ready.has(id)))
  const accepts = (task: string) => {
    const timeoutMs = tasks[task]
    return timeoutMs !== undefined && timeoutMs + settleMarginMs <= remainingMs && !isPaused(cached.settings, task)
  }
  const skips = (id: string) => late.has(id)
  const solo = heartbeats.length === 0 ? memory.ready.nextSolo({ accepts, admission, skips }) : undefined
  // A fresh runner serves a solo job first, so that it is not starved. A used runner does so when nothing else is there.
  if (solo && seq === 1) return { jobs: [solo], full: [] }
  const count = Math.min(want, answerJobsMax)
  const { jobs, full } = memory.ready.next({ accepts, admission, skips, count, bytesMax: answerBytesMax })
  return { jobs: jobs.length === 0 && solo ? [solo] : jobs, full }
}

function countOf(ended: readonly Group[], { task, partition }: Group): number {
  return ended.filter((one) => one.task === task && (partition === '' || one.partition === partition)).length
}

/** Parks full partitions: nothing looks at them until time or the end of an attempt has made room. */
export function parkAll({ memory, limits }: Context, full: readonly Lane[], now: number): void {
  for (const lane of full) {
    memory.ready.park(lane)
    limits.park(lane, now)
  }
}

/**
 * Admits a row to a claim; answers whether it did. Memory mirrors rows, and should it ever be wrong, the row wins: a job
 * waits again after a clock has stepped back, a job past its deadline fails, and one whose predecessor goes on waits on.
 */
function admit(tx: Transaction, row: JobRowWithInput): boolean {
  if (failExpired(tx, row) || postpone(tx, row)) return false
  const { memory } = tx.context
  const ready = isReady(row, tx.now)
  if (ready && row.attempt < row.maxAttempts) return true
  tx.onCommit(() => {
    memory.ready.remove(row.id)
    if (!ready) memory.insert(row, tx.now)
  })
  return false
}

/** Lets a job wait on whose predecessor has not ended; answers whether it did. Usually the predecessor has released it. */
function postpone(tx: Transaction, row: JobRowWithInput): boolean {
  if (row.after === null) return false
  const before = tx.job(row.after)
  if (!before || isFinal(before.state)) return false
  tx.change(row, postponed(row, tx.now))
  return true
}

/** The answer to a claim, from the row of a running job. */
export function claimedOf(row: JobRowWithInput, now: number): Claimed {
  const schedule = scheduledBy(row)
  // The row of a redriven job does not tell since when it has been ready.
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

/** Counts the jobs that could start now, pause and limits included, and parks those that a limit holds back. */
export function parkAndCount(context: Context, now: number): number {
  const { memory, limits, cached } = context
  if (cached.isHalted || memory.ready.size === 0) return 0
  const accepts = (task: string) => !isPaused(cached.settings, task)
  const { count, full, held } = memory.ready.available({ accepts, admission: limits.admission(now) }, countMax)
  parkAll(context, full, now)
  for (const group of held) limits.park(group, now)
  return count
}
