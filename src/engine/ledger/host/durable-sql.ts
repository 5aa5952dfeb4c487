/** The SQL port over a Durable Object's storage. Nothing else in the engine touches `ctx.storage.sql`. */
import type { Meter, Sql, SqlValue } from '../storage/sql.ts'
import type { LedgerStorage } from './ledger.ts'

export function durableSql(storage: Pick<LedgerStorage, 'sql' | 'transactionSync'>, meter: Meter): Sql {
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
    cost: () => ({ ...meter }),
  }
}
