/** The SQL port over Node's own SQLite: the core under test runs on it a few hundred times faster than in workerd. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Sql, SqlValue } from '../../../src/engine/ledger/storage/sql.ts'

export interface NodeSql extends Sql {
  /** Rows inserted, updated and deleted since the database was opened. */
  rowsWritten(): number
}

export function nodeSql(database = new DatabaseSync(':memory:')): NodeSql {
  const prepared = new Map<string, StatementSync>()
  const all = <Row>(statement: string, ...bindings: SqlValue[]): Row[] => {
    let known = prepared.get(statement)
    if (!known) {
      known = database.prepare(statement)
      prepared.set(statement, known)
    }
    return known.all(...bindings) as Row[]
  }
  const one = (statement: string) => all<{ n: number }>(statement)[0]?.n ?? 0
  return {
    all,
    transaction(work) {
      database.exec('BEGIN')
      try {
        const result = work()
        database.exec('COMMIT')
        return result
      } catch (error) {
        database.exec('ROLLBACK')
        throw error
      }
    },
    // As the platform counts: pages in use, those on the free list left out.
    bytes: () =>
      one(`SELECT (page_count - freelist_count) * page_size AS n
           FROM pragma_page_count, pragma_freelist_count, pragma_page_size`),
    rowsWritten: () => one('SELECT total_changes() AS n'),
  }
}
