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
import type { Books } from '../memory/memory.ts'
import type { SweptRow } from '../storage/jobs.ts'
import type { CoreParts } from '../transaction/context.ts'
import type { Turn, TurnParts } from '../transaction/transaction.ts'
import { pass } from './upkeep.ts'

/** Rows that the tail is extended by, beyond those that are over. More would be read by each activation, fewer would write the counts more often. */
const tailRows = 64
/** A tail of so many rows, most of which nobody may take over, is left to the sweep. */
const tailRowsMax = 512
/** Rows looked at beyond those that are needed: a few that nobody may take over do not hide those that one may. */
const looksBeyond = 8
/** Where it cannot be extended it is not tried again before then. */
const pauseMs = 10 * 60_000

/** Only what is in no index is taken over: a key may be asked for until it is gone. */
function isPlain({ state, dueAt, key }: SweptRow): boolean {
  return isFinal(state) && dueAt === null && key === null
}

function isOver({ retentionMs }: TurnParts, row: SweptRow, now: number): boolean {
  return isPlain(row) && (row.finishedAt ?? now) + retentionMs(row.task) <= now
}

/**
 * Rows of the tail that may be taken over now, oldest first, and where to look next.
 * @param isChanging rows that this very turn has changed
 */
export function overInTail(
  parts: TurnParts,
  max: number,
  now: number,
  isChanging: (id: string) => boolean,
): { over: SweptRow[]; from: string } {
  const { books, jobs, retentionMs, defaultRetentionMs, isNewest } = parts
  let from = books.tailFrom
  if (!isNewest || books.tailEnd <= from) return { over: [], from }
  const over: SweptRow[] = []
  let isPassing = true
  const rows = jobs.sweep(from, books.tailEnd, max + looksBeyond)
  for (const row of rows) {
    if (over.length === max) return { over, from }
    if (isOver(parts, row, now) && !isChanging(row.id)) over.push(row)
    // One whose time comes soon is looked at again.
    else if (isPlain(row) && retentionMs(row.task) <= defaultRetentionMs) isPassing = false
    if (isPassing) from = row.id
  }
  const isSpent = isPassing && rows.length < max + looksBeyond
  return { over, from: isSpent ? books.tailEnd : from }
}

/** True when there is more to take over than the tail holds for so many new jobs. */
export function isTailShort(
  { books, jobs, defaultRetentionMs, isNewest }: CoreParts,
  now: number,
  wanted: number,
): boolean {
  const isEnough = books.tailFrom < books.tailEnd && sizeOf(books.counts.tail) >= wanted
  if (!isNewest || now < books.tailAt || isEnough) return false
  const next = jobs.firstAfter(tailEndOf(books))
  books.tailAt = next === undefined ? now + defaultRetentionMs : decodeTime(ulidOf(next)) + defaultRetentionMs
  return books.tailAt <= now
}

/** True when the mark leaves no room for the tail to be extended. */
export function isMarkNear({ books, jobs }: CoreParts, wanted: number): boolean {
  const count = Math.max(tailRows, wanted)
  return jobs.sweep(tailEndOf(books), books.mark, count).length < count
}

/** What comes after the tail is beyond this id. */
function tailEndOf({ swept, tailEnd }: Books): string {
  return tailEnd > swept ? tailEnd : swept
}

/**
 * Extends the tail for so many new jobs, and takes from its beginning what nobody can take over: it is removed, or gets
 * a due time, as a sweep would have it.
 */
export function extendTail(core: CoreParts, turn: Turn, wanted: number): void {
  const { books, jobs, retentionMs, defaultRetentionMs } = core
  const { mark, swept, counts } = books
  const oldEnd = tailEndOf(books)
  const leftovers = jobs.sweep(swept, oldEnd, tailRowsMax)
  const stuck = leftovers.findIndex((row) => isPlain(row) && retentionMs(row.task) <= defaultRetentionMs)
  const passed = stuck === -1 ? leftovers : leftovers.slice(0, stuck)
  const count = Math.max(tailRows, wanted)
  const rows = jobs.sweep(oldEnd, mark, count + 1)
  const lastOver = rows.findLastIndex((row) => isOver(core, row, turn.now))
  const end = Math.min(count, lastOver + 1 + tailRows)
  const upkeep = { mark, swept: passed.at(-1)?.id ?? swept, tailEnd: rows[end]?.id ?? mark }
  if (leftovers.length === tailRowsMax || rows.length + passed.length === 0) {
    turn.after(() => {
      books.tailAt = turn.now + pauseMs
    })
    return
  }
  const tail = countsOf(jobs.countBetween(upkeep.swept, upkeep.tailEnd))
  // What is passed joins the stored counts, what is new in the tail leaves them.
  turn.moveUpkeep({ ...upkeep, tail, below: addedCounts(counts.below, counts.tail, negatedCounts(tail)) })
  pass(core, turn, passed)
  turn.after(() => {
    books.tailFrom = upkeep.swept
  })
}
