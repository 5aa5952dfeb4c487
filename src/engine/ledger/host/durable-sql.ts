/** A Durable Object's state as far as a ledger uses it, and the SQL port over it. Nothing else in the engine uses `ctx.storage.sql`. */
import type { Meter, Sql, SqlValue } from '../storage/sql.ts'

/** The part of a Durable Object's state that a ledger uses. */
export interface LedgerState {
  readonly id: { readonly name?: string | undefined }
  readonly storage: LedgerStorage
  waitUntil(promise: Promise<unknown>): void
}

/** The part of a Durable Object's storage that a ledger uses. */
export interface LedgerStorage {
  getAlarm(): Promise<number | null>
  setAlarm(at: number): Promise<void>
  transactionSync<T>(work: () => T): T
  readonly sql: Pick<SqlStorage, 'databaseSize'> & {
    exec(
      statement: string,
      ...bindings: SqlValue[]
    ): { toArray(): unknown[]; readonly rowsRead: number; readonly rowsWritten: number }
  }
}

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
