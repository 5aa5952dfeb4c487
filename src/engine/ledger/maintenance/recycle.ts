/**
 * The tail: the oldest rows of a ledger, whose jobs have ended and will be forgotten next. A new job takes over the row of
 * one whose retention is over, so that a ledger that goes on writes no row to remove one. The tail is counted on
 * activation and not in the stored counts, or each row that is taken would write those.
 *
 * What is not taken over, because nothing comes or it cannot be, the sweep removes as ever.
 */
import { decodeTime } from 'ulid'
import { isFinal } from '../../task/job.ts'
import { addedCounts, countsOf, negatedCounts, sizeOf } from '../domain/counts.ts'
import { ulidOf } from '../domain/job-id.ts'
import type { Memory } from '../memory/memory.ts'
import type { SweptRow } from '../storage/jobs.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction, TransactionParts } from '../transaction/transaction.ts'
import { pass } from './upkeep.ts'

/** Rows that the tail is extended by, beyond those that are over. More would be read by each activation, fewer would write the counts more often. */
const recyclableRowsMin = 64
/** A tail of so many rows, most of which nobody may take over, is left to the sweep. */
const recyclableRowsMax = 512
/** Rows looked at beyond those that are needed: a few that nobody may take over do not hide those that one may. */
const looksBeyond = 8
/** Where it cannot be extended it is not tried again before then. */
const pauseMs = 10 * 60_000

/** Only what is in no index is taken over: a key may be asked for until it is gone. */
function isPlain({ state, dueAt, key }: SweptRow): boolean {
  return isFinal(state) && dueAt === null && key === null
}

function isOver({ retentionMs }: TransactionParts, row: SweptRow, now: number): boolean {
  return isPlain(row) && (row.finishedAt ?? now) + retentionMs(row.task) <= now
}

/**
 * Rows of the tail that may be taken over now, oldest first, and where to look next.
 * @param isChanging rows that this very turn has changed
 */
export function recyclableRows(
  context: TransactionParts,
  max: number,
  now: number,
  isChanging: (id: string) => boolean,
): { over: SweptRow[]; from: string } {
  const { memory, jobs, retentionMs, defaultRetentionMs, isNewest } = context
  let from = memory.recycleFrom
  if (!isNewest || memory.recyclableEnd <= from) return { over: [], from }
  const over: SweptRow[] = []
  let isPassing = true
  const rows = jobs.sweep(from, memory.recyclableEnd, max + looksBeyond)
  for (const row of rows) {
    if (over.length === max) return { over, from }
    if (isOver(context, row, now) && !isChanging(row.id)) over.push(row)
    // One whose time comes soon is looked at again.
    else if (isPlain(row) && retentionMs(row.task) <= defaultRetentionMs) isPassing = false
    if (isPassing) from = row.id
  }
  const isSpent = isPassing && rows.length < max + looksBeyond
  return { over, from: isSpent ? memory.recyclableEnd : from }
}

/** True when there is more to take over than the tail holds for so many new jobs. */
export function isRecyclableShort(
  { memory, jobs, defaultRetentionMs, isNewest }: Context,
  now: number,
  wanted: number,
): boolean {
  const isEnough = memory.recycleFrom < memory.recyclableEnd && sizeOf(memory.counts.recyclable) >= wanted
  if (!isNewest || now < memory.recycleNotBefore || isEnough) return false
  const next = jobs.firstAfter(recyclableEndOf(memory))
  memory.recycleNotBefore =
    next === undefined ? now + defaultRetentionMs : decodeTime(ulidOf(next)) + defaultRetentionMs
  return memory.recycleNotBefore <= now
}

/** True when the mark leaves no room for the tail to be extended. */
export function isWatermarkNear({ memory, jobs }: Context, wanted: number): boolean {
  const count = Math.max(recyclableRowsMin, wanted)
  return jobs.sweep(recyclableEndOf(memory), memory.watermark, count).length < count
}

/** What comes after the tail is beyond this id. */
function recyclableEndOf({ sweepCursor, recyclableEnd }: Memory): string {
  return recyclableEnd > sweepCursor ? recyclableEnd : sweepCursor
}

/**
 * Extends the tail for so many new jobs, and takes from its beginning what nobody can take over: it is removed, or gets
 * a due time, as a sweep would have it.
 */
export function extendRecyclable(core: Context, tx: Transaction, wanted: number): void {
  const { memory, jobs, retentionMs, defaultRetentionMs } = core
  const { watermark, sweepCursor, counts } = memory
  const oldEnd = recyclableEndOf(memory)
  const leftovers = jobs.sweep(sweepCursor, oldEnd, recyclableRowsMax)
  const stuck = leftovers.findIndex((row) => isPlain(row) && retentionMs(row.task) <= defaultRetentionMs)
  const passed = stuck === -1 ? leftovers : leftovers.slice(0, stuck)
  const count = Math.max(recyclableRowsMin, wanted)
  const rows = jobs.sweep(oldEnd, watermark, count + 1)
  const lastOver = rows.findLastIndex((row) => isOver(core, row, tx.now))
  const end = Math.min(count, lastOver + 1 + recyclableRowsMin)
  const upkeep = { watermark, sweepCursor: passed.at(-1)?.id ?? sweepCursor, recyclableEnd: rows[end]?.id ?? watermark }
  if (leftovers.length === recyclableRowsMax || rows.length + passed.length === 0) {
    tx.onCommit(() => {
      memory.recycleNotBefore = tx.now + pauseMs
    })
    return
  }
  const recyclable = countsOf(jobs.countBetween(upkeep.sweepCursor, upkeep.recyclableEnd))
  // What is passed joins the stored counts, what is new in the tail leaves them.
  tx.moveCursors({
    ...upkeep,
    recyclable,
    below: addedCounts(counts.below, counts.recyclable, negatedCounts(recyclable)),
  })
  pass(core, tx, passed)
  tx.onCommit(() => {
    memory.recycleFrom = upkeep.sweepCursor
  })
}
