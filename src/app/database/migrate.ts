/**
 * Brings a fresh or older database to the current schema, so that a deploy needs no step of its own. The record of what
 * ran is the one that `wrangler d1 migrations apply` keeps: either may be used, in any order.
 *
 * - One migration is one transaction together with its record: it ran and is recorded, or neither.
 * - The record is written first, under a unique name: of many isolates that start at once, one gets through, and the
 *   transactions of all others fail before they touch anything.
 */
import type { Migration } from './migrations.ts'
import { statements } from './statements.ts'

/** Word for word the table that wrangler makes. */
const createRecord = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`
const readRecord = 'SELECT name FROM d1_migrations'
const addToRecord = 'INSERT INTO d1_migrations (name) VALUES (?)'

/**
 * Applies what is missing, in order. Names in the record that the list does not know belong to a newer version and are
 * left alone: that is what a rollback meets.
 *
 * @throws what the database said, when a migration failed for a reason other than that another isolate ran it
 */
export async function migrate(db: D1Database, migrations: readonly Migration[]): Promise<void> {
  const applied = await appliedNames(db)
  for (const { name, sql } of migrations) {
    if (applied.has(name)) continue
    try {
      await db.batch([db.prepare(addToRecord).bind(name), ...statements(sql).map((statement) => db.prepare(statement))])
    } catch (error) {
      if (!(await appliedNames(db)).has(name)) throw error
    }
  }
}

async function appliedNames(db: D1Database): Promise<Set<string>> {
  const [, record] = await db.batch<{ name: string }>([db.prepare(createRecord), db.prepare(readRecord)])
  return new Set(record?.results.map(({ name }) => name))
}
