/**
 * The port to a ledger's SQLite. Synchronous, as Durable Object storage is: a verb reads, decides and writes with nothing in
 * between. Rows are read at once, so no cursor is open when the next statement runs.
 */

/** What statements cost, as the platform bills them. Alarms are not in it. */
export interface Meter {
  rowsRead: number
  rowsWritten: number
}

export type SqlValue = string | number | null

export interface Sql {
  /** Runs one statement and returns its rows. */
  all<Row>(statement: string, ...bindings: SqlValue[]): Row[]
  /** Runs `work` in a transaction. If it throws, everything is rolled back, an alarm set inside included. */
  transaction<T>(work: () => T): T
  /** The size of the database in bytes. */
  bytes(): number
  /** Rows read and written since it was opened, as the platform counts them. Absent: they are not counted. */
  cost?(): Meter
}
