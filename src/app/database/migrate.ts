/**
 * Brings a new or older database to the current schema, so that a deploy needs no step for it. It uses the table in which
 * `wrangler d1 migrations apply` records what ran, so either may be used, in any order.
 *
 * - A migration and its record are one transaction: it ran and is recorded, or neither.
 * - The record is written first, under a unique name. So when many isolates start at once, the transaction of one commits, and
 *   those of the others fail before they change anything.
 */
import type { Migration } from './migrations.ts'
import { statements } from './statements.ts'

/** Exactly the table that wrangler creates. */
const createRecord = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`
const readRecord = 'SELECT name FROM d1_migrations'
const addToRecord = 'INSERT INTO d1_migrations (name) VALUES (?)'

/**
 * Applies the migrations that are missing, in order. Recorded names that are not in the list are of a newer version, as after a
 * rollback, and are left as they are.
 *
 * @throws the database's error, when a migration failed for another reason than that another isolate ran it
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
