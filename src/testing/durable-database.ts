/** A ledger's database over the SQLite of a real Durable Object, which counts rows as the platform bills them. */
import { durableSql } from '../engine/ledger/host/durable-sql.ts'
import type { Meter, Sql, SqlValue } from '../engine/ledger/storage/sql.ts'
import type { Database, Rows } from './storage.ts'

export class DurableDatabase implements Database {
  /** What all statements have cost, over all activations of the ledger. */
  readonly meter: Meter = { rowsRead: 0, rowsWritten: 0 }
  readonly #storage: DurableObjectStorage
  readonly #sql: Sql

  /** @param storage of an object in which nothing is stored */
  constructor(storage: DurableObjectStorage) {
    this.#storage = storage
    this.#sql = durableSql(storage, this.meter)
  }

  exec(statement: string, bindings: readonly SqlValue[]): Rows {
    const before = { ...this.meter }
    const rows = this.#sql.all(statement, ...bindings)
    const { rowsRead, rowsWritten } = this.meter
    return {
      toArray: () => rows,
      rowsRead: rowsRead - before.rowsRead,
      rowsWritten: rowsWritten - before.rowsWritten,
    }
  }

  look<Row>(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#storage.sql.exec(query, ...bindings).toArray() as Row[]
  }

  transaction<T>(work: () => T): T {
    return this.#sql.transaction(work)
  }

  get bytes(): number {
    return this.#sql.bytes()
  }

  get rowsWritten(): number {
    return this.meter.rowsWritten
  }

  /** The object's database is not ours to close. */
  close(): void {}
}
