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
import { tallyMinutesKept } from '../memory/minute-stats.ts'
import type { SweptRow } from '../storage/jobs.ts'
import type { CoreParts } from '../transaction/context.ts'
import type { Turn } from '../transaction/transaction.ts'

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
export function lapse(core: CoreParts, turn: Turn): boolean {
  const { books } = core
  const over = [...books.running.values()].filter((job) => books.leaseEnd(job) <= turn.now)
  for (const row of core.jobs.byIds(over.slice(0, slice).map(({ id }) => id))) {
    if (row.state !== 'running') continue
    const { runner, seq } = leaseParts(row.lease ?? '')
    const state = books.runners.get(runner)
    // Known only while the claim is in memory: after a reset nothing proves that it never started.
    lapseRow(core, turn, row, state !== undefined && seq > state.ack)
  }
  for (const [runner, { until, heardAt }] of books.runners) {
    if (Math.max(until, heardAt + 60_000) <= turn.now) forgetRunner(core, turn, runner, until)
  }
  return over.length > slice
}

/** Fails the waiting jobs that were to be started by now. True when there are more. */
export function expire(core: CoreParts, turn: Turn): boolean {
  const { books, jobs } = core
  const ids = books.ready.expired(turn.now, slice)
  const rows = new Map(jobs.byIds(ids).map((row) => [row.id, turn.latest(row)]))
  for (const id of ids) {
    const row = rows.get(id)
    if (row && expireRow(core, turn, row)) continue
    // Memory mirrors rows; should it ever be wrong, the row wins.
    turn.after(() => {
      books.ready.remove(id)
      if (row) books.place(row, turn.now)
    })
  }
  return ids.length === slice
}

/** Forgets the logs of partitions in which nothing has started for long: a slice a call, in turn. */
export function forgetSpentLimits({ limitRows, facts }: CoreParts, turn: Turn): void {
  const from = facts.read<Group>('limits-swept') ?? { task: '', partition: '' }
  const rows = limitRows.after(from, slice)
  for (const row of rows) if (row.spentAt <= turn.now) limitRows.forget(row)
  const last = rows.length === slice ? rows.at(-1) : undefined
  if (last) facts.write('limits-swept', { task: last.task, partition: last.partition })
  else if (from.task !== '') facts.forget('limits-swept')
}

function forgetRunner({ books, runners }: CoreParts, turn: Turn, runner: string, until: number): void {
  if (until > 0) runners.forget(runner)
  turn.after(() => books.runners.delete(runner))
}

/** Prunes finished jobs that carry their own time. True when there are more. */
export function prune({ books, jobs }: CoreParts, turn: Turn): boolean {
  const ids = [...books.prunable].slice(0, slice)
  turn.remove(jobs.byIds(ids).filter(({ state, dueAt }) => isFinal(state) && dueAt !== null && dueAt <= turn.now))
  turn.after(() => {
    for (const id of ids) books.prunable.delete(id)
  })
  return books.prunable.size > ids.length
}

/**
 * Moves the mark up to the oldest live plain job, past a few of them if they hold it back, each tagged so that it is
 * still found. Rows on disk only, because memory was full, keep it below them.
 */
export function moveMark({ books, jobs, shard }: CoreParts, turn: Turn): void {
  const limit = lesser(jobIdFloor(shard, turn.now - clockSlackMs), books.loadedTo)
  const live = [...books.ready.values(), ...books.running.values()]
    .filter(({ due, id }) => !due && id < limit)
    .map(({ id }) => id)
  live.sort()
  const oldest = live[0] ?? limit
  const passed =
    live.length > 0 && finishedBelow(jobs.countBetween(books.mark, oldest)) * 2 < books.counts.finishedAbove()
      ? live.slice(0, stragglersMax)
      : []
  const mark = passed.length > 0 ? (live[stragglersMax] ?? limit) : oldest
  if (mark <= books.mark) return
  jobs.setDue(passed.map((id) => ({ id, dueAt: turn.now })))
  const crossed = jobs.countBetween(books.mark, mark)
  turn.moveUpkeep({ ...books.upkeep(), mark, below: addedCounts(books.counts.below, countsOf(crossed)) })
  turn.after(() => {
    books.counts.crossed(crossed)
    for (const id of passed) books.tag(id)
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
export function sweep(core: CoreParts, turn: Turn): boolean {
  const { books, jobs, shard } = core
  const overfull = isOverfull(core)
  const horizon = overfull ? books.mark : lesser(books.mark, jobIdFloor(shard, turn.now - core.defaultRetentionMs))
  const rows = jobs.sweep(books.swept, horizon, slice)
  pass(core, turn, rows, overfull)
  core.tallyRows.forgetBefore(Math.floor(turn.now / 60_000) - tallyMinutesKept)
  const last = rows.at(-1)
  // The sweep takes the tail along: what it leaves of it joins the stored counts.
  const below = addedCounts(books.counts.below, books.counts.tail)
  if (last) turn.moveUpkeep({ ...books.upkeep(), swept: last.id, tailEnd: '', below, tail: {} })
  return rows.length === slice
}

/** What a sweep does with rows that it passes: those whose time is over go, and the other finished ones get a due time. */
export function pass(
  { books, jobs, retentionMs }: CoreParts,
  turn: Turn,
  rows: readonly SweptRow[],
  all = false,
): void {
  const candidates = rows.filter(({ state, dueAt }) => isFinal(state) && dueAt === null)
  const endsAt = ({ task, finishedAt }: SweptRow) => (finishedAt ?? 0) + retentionMs(task)
  const [gone, kept] = [
    candidates.filter((row) => all || endsAt(row) <= turn.now),
    candidates.filter((row) => !all && endsAt(row) > turn.now),
  ]
  turn.remove(gone)
  jobs.setDue(kept.map((row) => ({ id: row.id, dueAt: endsAt(row) })))
  for (const row of kept) turn.need(endsAt(row))
  turn.after(() => {
    for (const row of kept) books.expectDue(endsAt(row))
  })
}

/** Too much is kept: the oldest finished jobs go before their time. */
function isOverfull({ bytes, historyBytesMax }: CoreParts): boolean {
  return bytes() > historyBytesMax
}

/**
 * When the sweep has something to do next: once the oldest job is past its retention, and those have gathered that ended
 * soon after it; or the ledger is overfull.
 */
export function nextSweepAt(core: CoreParts, notBefore: number): number | undefined {
  const oldest = core.jobs.firstAfter(core.books.swept)
  if (oldest === undefined) return undefined
  const madeAt = decodeTime(ulidOf(oldest))
  return isOverfull(core) ? notBefore : Math.max(madeAt + core.defaultRetentionMs * (1 + gatheredShare), notBefore)
}
