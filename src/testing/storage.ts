/** The storage of one ledger: a database behind a port, and a hook before each statement and after each commit. */
import type { SqlValue } from '../engine/ledger/storage/sql.ts'

/** The result of one statement, as a Durable Object's storage gives it. */
export interface Rows {
  toArray(): unknown[]
  readonly rowsRead: number
  readonly rowsWritten: number
}

/** A ledger's database. `NodeDatabase` is one in Node, `DurableDatabase` one in workerd. */
export interface Database {
  exec(statement: string, bindings: readonly SqlValue[]): Rows
  transaction<T>(work: () => T): T
  /** Rows for somebody who looks on. They are not counted. */
  look<Row>(query: string, ...bindings: SqlValue[]): Row[]
  readonly bytes: number
  /** Rows written since the database was opened. */
  readonly rowsWritten: number
  close(): void
}

export interface StorageHooks {
  /** Before a statement. Throws where the statement fails. */
  readonly statement: (statement: string) => void
  /** After a commit. */
  readonly committed: () => void
}

export class Storage {
  readonly database: Database
  #isUsed = false
  #depth = 0

  constructor(database: Database) {
    this.database = database
  }

  /** True once a statement has succeeded: before that, there are no tables. */
  get isUsed(): boolean {
    return this.#isUsed
  }

  exec(statement: string, bindings: readonly SqlValue[], hooks: StorageHooks): Rows {
    hooks.statement(statement)
    const rows = this.database.exec(statement, bindings)
    this.#isUsed = true
    if (this.#depth === 0) hooks.committed()
    return rows
  }

  transaction<T>(work: () => T, hooks: StorageHooks): T {
    if (this.#depth > 0) throw new Error('a transaction inside a transaction')
    this.#depth++
    let result: T
    try {
      result = this.database.transaction(work)
    } finally {
      this.#depth--
    }
    hooks.committed()
    return result
  }
}
