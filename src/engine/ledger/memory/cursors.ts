/** How far a ledger is with its oldest rows. Stored as one fact: one row written a slice of maintenance. */
import type { TaskCounts } from '../domain/counts.ts'

export interface Cursors {
  /** Live rows with an id below it are found by their due time alone. */
  readonly watermark: string
  /** The sweep has passed the ids up to this one. */
  readonly sweepCursor: string
  /** The rows from the sweep cursor on and below this id are recyclable: new jobs take them over once their retention is over. */
  readonly recyclableEnd: string
  /** Counts of the rows below the watermark that are not recyclable. */
  readonly below: TaskCounts
  /** Counts of the recyclable rows. Counted on activation and not stored, so that taking a row over writes nothing else. */
  readonly recyclable: TaskCounts
}

export type StoredCursors = Omit<Cursors, 'recyclable'>

export function storedCursors({ watermark, sweepCursor, recyclableEnd, below }: Cursors): StoredCursors {
  return { watermark, sweepCursor, recyclableEnd, below }
}
