/**
 * What a ledger does because time has passed: leases lapse, finished jobs are pruned, the mark moves. Each verb works a
 * bounded slice in one transaction and says whether it left something over.
 */
import { decodeTime } from 'ulid'
import { isFinal } from '../../task/job.ts'
import { expire as expireRow, lapseRow } from '../commands/settle.ts'
import { addedCounts, countsOf } from '../domain/counts.ts'
import { jobIdFloor, lesser, ulidOf } from '../domain/job-id.ts'
import { leaseParts } from '../domain/lease.ts'
import type { Group } from '../memory/limits.ts'
import { minutesKept } from '../memory/minute-stats.ts'
import type { SweptRow } from '../storage/jobs.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** Rows one slice touches. */
const slice = 500
/** Finished rows above the mark from which on it moves without waiting for the alarm. Activation reads past them. */
export const finishedAboveMax = 4_096
/** Clocks of isolates differ: an id may be made this much before it arrives and still be above the mark. */
const clockSlackMs = 10_000
/** Live plain rows the mark may pass in one move, each tagged with a due time. */
const stragglersMax = 64
/** Finished jobs gather for so much of their retention before they are swept: each sweep has rows and alarms of its own. */
const gatheredShare = 0.01
/** A sweep is not tried again sooner than this after it came to its end. */
export const sweepPauseMs = 10 * 60_000

/** Ends the leases whose time is over. A lapse uses the attempt, unless it never started. True when there are more. */
export function lapse(core: Context, tx: Transaction): boolean {
  const { memory } = core
  const over = [...memory.running.values()].filter((job) => memory.leaseEnd(job) <= tx.now)
  for (const row of core.jobs.byIds(over.slice(0, slice).map(({ id }) => id))) {
    if (row.state !== 'running') continue
    const { runner, seq } = leaseParts(row.lease ?? '')
    const state = memory.runners.get(runner)
    // Known only while the claim is in memory: after a reset nothing proves that it never started.
    lapseRow(core, tx, row, state !== undefined && seq > state.ack)
  }
  for (const [runner, { until, heardAt }] of memory.runners) {
    if (Math.max(until, heardAt + 60_000) <= tx.now) forgetRunner(core, tx, runner, until)
  }
  return over.length > slice
}

/** Fails the waiting jobs that were to be started by now. True when there are more. */
export function expire(core: Context, tx: Transaction): boolean {
  const { memory, jobs } = core
  const ids = memory.ready.expired(tx.now, slice)
  const rows = new Map(jobs.byIds(ids).map((row) => [row.id, tx.latest(row)]))
  for (const id of ids) {
    const row = rows.get(id)
    if (row && expireRow(core, tx, row)) continue
    // Memory mirrors rows; should it ever be wrong, the row wins.
    tx.onCommit(() => {
      memory.ready.remove(id)
      if (row) memory.insert(row, tx.now)
    })
  }
  return ids.length === slice
}

/** Forgets the logs of partitions in which nothing has started for long: a slice a call, in turn. */
export function forgetSpentLimits({ limitRows, facts }: Context, tx: Transaction): void {
  const from = facts.read<Group>('limits-swept') ?? { task: '', partition: '' }
  const rows = limitRows.after(from, slice)
  for (const row of rows) if (row.spentAt <= tx.now) limitRows.forget(row)
  const last = rows.length === slice ? rows.at(-1) : undefined
  if (last) facts.write('limits-swept', { task: last.task, partition: last.partition })
  else if (from.task !== '') facts.forget('limits-swept')
}

function forgetRunner({ memory, runners }: Context, tx: Transaction, runner: string, until: number): void {
  if (until > 0) runners.forget(runner)
  tx.onCommit(() => memory.runners.delete(runner))
}

/** Prunes finished jobs that carry their own time. True when there are more. */
export function prune({ memory, jobs }: Context, tx: Transaction): boolean {
  const ids = [...memory.prunable].slice(0, slice)
  tx.remove(jobs.byIds(ids).filter(({ state, dueAt }) => isFinal(state) && dueAt !== null && dueAt <= tx.now))
  tx.onCommit(() => {
    for (const id of ids) memory.prunable.delete(id)
  })
  return memory.prunable.size > ids.length
}

/**
 * Moves the mark up to the oldest live plain job, past a few of them if they hold it back, each tagged so that it is
 * still found. Rows on disk only, because memory was full, keep it below them.
 */
export function moveWatermark({ memory, jobs, shard }: Context, tx: Transaction): void {
  const limit = lesser(jobIdFloor(shard, tx.now - clockSlackMs), memory.loadedTo)
  const live = [...memory.ready.values(), ...memory.running.values()]
    .filter(({ due, id }) => !due && id < limit)
    .map(({ id }) => id)
  live.sort()
  const oldest = live[0] ?? limit
  const passed =
    live.length > 0 && finishedBelow(jobs.countBetween(memory.watermark, oldest)) * 2 < memory.counts.finishedAbove()
      ? live.slice(0, stragglersMax)
      : []
  const watermark = passed.length > 0 ? (live[stragglersMax] ?? limit) : oldest
  if (watermark <= memory.watermark) return
  jobs.setDue(passed.map((id) => ({ id, dueAt: tx.now })))
  const crossed = jobs.countBetween(memory.watermark, watermark)
  tx.moveCursors({ ...memory.upkeep(), watermark, below: addedCounts(memory.counts.below, countsOf(crossed)) })
  tx.onCommit(() => {
    memory.counts.crossed(crossed)
    for (const id of passed) memory.tag(id)
  })
}

function finishedBelow(counts: { state: string; n: number }[]): number {
  return counts.reduce((sum, { state, n }) => (isFinal(state as never) ? sum + n : sum), 0)
}

/**
 * Prunes finished jobs older than the retention, oldest first, from where the last sweep ended. A finished job whose
 * time has not come is passed with a due time of its own; a live one below the mark has one already.
 * True when there are more.
 */
export function sweep(core: Context, tx: Transaction): boolean {
  const { memory, jobs, shard } = core
  const overfull = isOverfull(core)
  const horizon = overfull
    ? memory.watermark
    : lesser(memory.watermark, jobIdFloor(shard, tx.now - core.defaultRetentionMs))
  const rows = jobs.sweep(memory.sweepCursor, horizon, slice)
  pass(core, tx, rows, overfull)
  core.statsRows.forgetBefore(Math.floor(tx.now / 60_000) - minutesKept)
  const last = rows.at(-1)
  // The sweep takes the tail along: what it leaves of it joins the stored counts.
  const below = addedCounts(memory.counts.below, memory.counts.recyclable)
  if (last) tx.moveCursors({ ...memory.upkeep(), sweepCursor: last.id, recyclableEnd: '', below, recyclable: {} })
  return rows.length === slice
}

/** What a sweep does with rows that it passes: those whose time is over go, and the other finished ones get a due time. */
export function pass(
  { memory, jobs, retentionMs }: Context,
  tx: Transaction,
  rows: readonly SweptRow[],
  all = false,
): void {
  const candidates = rows.filter(({ state, dueAt }) => isFinal(state) && dueAt === null)
  const endsAt = ({ task, finishedAt }: SweptRow) => (finishedAt ?? 0) + retentionMs(task)
  const [gone, kept] = [
    candidates.filter((row) => all || endsAt(row) <= tx.now),
    candidates.filter((row) => !all && endsAt(row) > tx.now),
  ]
  tx.remove(gone)
  jobs.setDue(kept.map((row) => ({ id: row.id, dueAt: endsAt(row) })))
  for (const row of kept) tx.armBy(endsAt(row))
  tx.onCommit(() => {
    for (const row of kept) memory.expectDue(endsAt(row))
  })
}

/** Too much is kept: the oldest finished jobs go before their time. */
function isOverfull({ bytes, historyBytesMax }: Context): boolean {
  return bytes() > historyBytesMax
}

/**
 * When the sweep has something to do next: once the oldest job is past its retention, and those have gathered that ended
 * soon after it; or the ledger is overfull.
 */
export function nextSweepAt(core: Context, notBefore: number): number | undefined {
  const oldest = core.jobs.firstAfter(core.memory.sweepCursor)
  if (oldest === undefined) return undefined
  const madeAt = decodeTime(ulidOf(oldest))
  return isOverfull(core) ? notBefore : Math.max(madeAt + core.defaultRetentionMs * (1 + gatheredShare), notBefore)
}
