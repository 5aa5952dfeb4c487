/** The SQL port over a Durable Object's storage. Nothing else in the engine touches `ctx.storage.sql`. */
import type { Sql, SqlValue } from './sql.ts'

/** What a ledger's statements cost, as the platform counts it for the bill. Does not see alarms. */
export interface Meter {
  rowsRead: number
  rowsWritten: number
}

export function durableSql(storage: DurableObjectStorage, meter: Meter): Sql {
  return {
    all<Row>(statement: string, ...bindings: SqlValue[]): Row[] {
      const cursor = storage.sql.exec(statement, ...bindings)
      const rows = cursor.toArray() as Row[]
      meter.rowsRead += cursor.rowsRead
      meter.rowsWritten += cursor.rowsWritten
      return rows
    },
    transaction: (work) => storage.transactionSync(work),
    bytes: () => storage.sql.databaseSize,
  }
}
