/**
 * The port to a ledger's SQLite. Synchronous, as Durable Object storage is: a verb reads, decides and writes with
 * nothing in between. Rows are consumed at once, so no cursor outlives the statement after it.
 */

/** What statements cost. Does not see alarms. */
export interface Meter {
  rowsRead: number
  rowsWritten: number
}

export type SqlValue = string | number | null

export interface Sql {
  /** Runs one statement and returns its rows. */
  all<Row>(statement: string, ...bindings: SqlValue[]): Row[]
  /** Runs `work` in a transaction; a throw rolls everything back, an alarm set inside included. */
  transaction<T>(work: () => T): T
  /** The size of the database in bytes. */
  bytes(): number
  /** Rows read and written since it was opened, as the platform counts them for the bill. Absent: nobody counts. */
  cost?(): Meter
}
