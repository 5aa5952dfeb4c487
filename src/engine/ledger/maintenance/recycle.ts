/** Makes rows recyclable before new jobs come. What recyclable rows are is in `memory/recyclable-rows.ts`. */
import { decodeTime } from 'ulid'
import { addedCounts, countsOf, negatedCounts, sizeOf } from '../domain/counts.ts'
import { ulidOf } from '../domain/job-id.ts'
import type { Memory } from '../memory/memory.ts'
import { isOver, isPlainEnded } from '../memory/recyclable-rows.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { passRows } from './sweep.ts'

/**
 * Rows that are made recyclable at a time, beyond those that are over. Activation would read more of them; with fewer, the
 * counts would be written more often.
 */
const rowsMin = 64
/** Recyclable rows of which most cannot be taken over are left to the sweep once there are so many. */
const rowsMax = 512
/** Where no row can be made recyclable, it is not tried again before this long. */
const pauseMs = 10 * 60_000

/**
 * Looks whether there are fewer recyclable rows than so many new jobs can use, and more to be had. Remembers when there will be
 * more, so that the next look costs nothing.
 */
export function lookForRecyclable(context: Context, now: number, wanted: number): boolean {
  const { memory, jobs, defaultRetentionMs, isNewest } = context
  const isEnough = memory.recycleFrom < memory.recyclableEnd && sizeOf(memory.counts.recyclable) >= wanted
  if (!isNewest || now < memory.recycleNotBefore || isEnough) return false
  const next = jobs.firstAfter(endOf(memory))
  const oldestAt = next === undefined ? now : decodeTime(ulidOf(next))
  memory.recycleNotBefore = oldestAt + defaultRetentionMs
  return memory.recycleNotBefore <= now
}

/** True when the watermark leaves too few rows to be made recyclable. */
export function isWatermarkNear({ memory, jobs }: Context, wanted: number): boolean {
  const count = Math.max(rowsMin, wanted)
  return jobs.sweep(endOf(memory), memory.watermark, count).length < count
}

/** The rows after the recyclable ones are beyond this id. */
function endOf({ sweepCursor, recyclableEnd }: Memory): string {
  return recyclableEnd > sweepCursor ? recyclableEnd : sweepCursor
}

/**
 * Makes more rows recyclable for so many new jobs. Rows at the beginning that nobody can take over are passed as a sweep passes
 * them: removed, or given a due time.
 */
export function extendRecyclable(tx: Transaction, wanted: number): void {
  const { context } = tx
  const { memory, jobs, retentionMs, defaultRetentionMs } = context
  const { watermark, sweepCursor, counts } = memory
  const oldEnd = endOf(memory)
  const leftovers = jobs.sweep(sweepCursor, oldEnd, rowsMax)
  const kept = leftovers.findIndex((row) => isPlainEnded(row) && retentionMs(row.task) <= defaultRetentionMs)
  const passed = kept === -1 ? leftovers : leftovers.slice(0, kept)
  const count = Math.max(rowsMin, wanted)
  const rows = jobs.sweep(oldEnd, watermark, count + 1)
  if (leftovers.length === rowsMax || rows.length + passed.length === 0) {
    tx.onCommit(() => {
      memory.recycleNotBefore = tx.now + pauseMs
    })
    return
  }
  const lastOver = rows.findLastIndex((row) => isOver(context, row, tx.now))
  const end = Math.min(count, lastOver + 1 + rowsMin)
  const next = { sweepCursor: passed.at(-1)?.id ?? sweepCursor, recyclableEnd: rows[end]?.id ?? watermark }
  const recyclable = countsOf(jobs.countBetween(next.sweepCursor, next.recyclableEnd))
  // What is passed joins the stored counts, and what is recyclable now leaves them.
  const below = addedCounts(counts.below, counts.recyclable, negatedCounts(recyclable))
  tx.moveCursors({ watermark, ...next, recyclable, below })
  passRows(tx, passed)
  tx.onCommit(() => {
    memory.recycleFrom = next.sweepCursor
  })
}
