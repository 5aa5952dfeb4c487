/**
 * Recyclable rows: the oldest rows of a ledger, whose jobs have ended and are forgotten next. A new job takes over the row of
 * a job whose retention is over, so that a ledger in constant use writes no row to remove one. Recyclable rows are counted on
 * activation and are not in the stored counts: otherwise each row that is taken over would write those.
 *
 * What is not taken over, because no job comes or because it cannot be, is removed by the sweep.
 */
import { isFinal } from '../../task/states.ts'
import type { JobStatements, SweptRow } from '../storage/jobs.ts'
import type { Memory } from './memory.ts'

/** Rows looked at beyond the number that is needed: a few that nobody may take over do not hide those that one may. */
const looksBeyond = 8

/** What decides whether a row may be taken over. */
export interface Recycling {
  readonly memory: Memory
  readonly jobs: JobStatements
  /** How long a finished job of this task is kept. */
  readonly retentionMs: (task: string) => number
  /** The retention that the sweep goes by. */
  readonly defaultRetentionMs: number
  /** False: a later release has written here, and its columns of an old job must not become those of a new one. */
  readonly isNewest: boolean
}

/** True for an ended job that is in no index. Only such a row is taken over: a key may be asked for until it is gone. */
export function isPlainEnded({ state, dueAt, key }: SweptRow): boolean {
  return isFinal(state) && dueAt === null && key === null
}

/** True for a row that may be taken over now. */
export function isOver({ retentionMs }: Recycling, row: SweptRow, now: number): boolean {
  return isPlainEnded(row) && (row.finishedAt ?? now) + retentionMs(row.task) <= now
}

/**
 * Recyclable rows that may be taken over now, the oldest first, and where to look next.
 * @param isChanging true for a row that this very transaction has changed
 */
export function recyclableRows(
  recycling: Recycling,
  max: number,
  now: number,
  isChanging: (id: string) => boolean,
): { over: SweptRow[]; from: string } {
  const { memory, jobs, retentionMs, defaultRetentionMs, isNewest } = recycling
  let from = memory.recycleFrom
  if (!isNewest || memory.recyclableEnd <= from) return { over: [], from }
  const over: SweptRow[] = []
  let isPassing = true
  const rows = jobs.sweep(from, memory.recyclableEnd, max + looksBeyond)
  for (const row of rows) {
    if (over.length === max) return { over, from }
    if (isOver(recycling, row, now) && !isChanging(row.id)) over.push(row)
    // A row whose time comes soon is looked at again.
    else if (isPlainEnded(row) && retentionMs(row.task) <= defaultRetentionMs) isPassing = false
    if (isPassing) from = row.id
  }
  const isSpent = isPassing && rows.length < max + looksBeyond
  return { over, from: isSpent ? memory.recyclableEnd : from }
}
