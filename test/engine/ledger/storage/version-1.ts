/** The first release as its database knows it: its schema, its rows and the statements of its code, kept as they were. */
import { migrations, statementsOf } from '../../../../src/engine/ledger/storage/schema.ts'
import type { Sql, SqlValue } from '../../../../src/engine/ledger/storage/sql.ts'
import { type NodeSql, nodeSql } from '../node-sql.ts'

/** A database that no later migration has reached. */
export function migratedTo(version: number): NodeSql {
  const sql = nodeSql()
  sql.all('CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)')
  for (const [index, migration] of migrations.slice(0, version).entries()) {
    for (const statement of statementsOf(migration)) sql.all(statement)
    sql.all('INSERT INTO schema_versions (version, applied_at) VALUES (?, 5)', index + 1)
  }
  return sql
}

const fixed = ['id', 'task', 'bytes', 'created_at', 'key', 'tags'] as const
const moving = [
  'state',
  'reason',
  'priority',
  'attempt',
  'max_attempts',
  'lapses',
  'refunds',
  'due_at',
  'started_at',
  'finished_at',
  'lease',
  'lease_until',
  'cancelling',
  'progress',
  'error',
  'history',
  'output',
] as const
const columns = [...fixed, ...moving]
const unchanged = ['state', 'attempt', 'lease', 'lease_until', 'cancelling'] as const
const heavy: readonly string[] = ['key', 'tags', 'progress', 'error', 'history', 'output']
const light = columns.filter((name) => !heavy.includes(name))

/** A row by its columns. */
export type Row1 = Readonly<Record<(typeof columns)[number] | 'input', SqlValue>>

/** A queued job, as version 1 records it. */
export function row1(id: string, now: number, more: Partial<Row1> = {}): Row1 {
  const empty = Object.fromEntries(columns.map((name) => [name, null])) as unknown as Row1
  const counts = { attempt: 0, max_attempts: 3, lapses: 0, refunds: 0, cancelling: 0, priority: 0 }
  return {
    ...empty,
    ...counts,
    id,
    task: 'send',
    state: 'queued',
    bytes: 7,
    created_at: now,
    input: '{"n":1}',
    ...more,
  }
}

const place = (index: number) => `v.value ->> ${index}`

/** What version 1 asks of its database. */
export function statements1(sql: Sql) {
  const insertInto = `INSERT INTO jobs (${columns.join(', ')}, input)`
  const set = (bind: (index: number) => string) => moving.map((name, index) => `${name} = ${bind(index)}`).join(', ')
  const still = (bind: (index: number) => string) =>
    unchanged.map((name, index) => `jobs.${name} IS ${bind(moving.length + 1 + index)}`).join(' AND ')
  const numbered = (index: number) => `?${index + 1}`
  const changeOf = (before: Row1, after: Row1) => [
    ...moving.map((name) => after[name]),
    before.id,
    ...unchanged.map((name) => before[name]),
  ]
  return {
    insert: (row: Row1) =>
      sql.all(
        `${insertInto} VALUES (${[...columns, 'input'].map(() => '?').join(', ')}) ON CONFLICT (id) DO NOTHING RETURNING id`,
        ...columns.map((name) => row[name]),
        row.input,
      ).length,
    insertMany: (rows: readonly Row1[]) =>
      sql.all(
        `${insertInto} SELECT ${[...columns, 'input'].map((_, index) => place(index)).join(', ')} FROM json_each(?) v WHERE true
        ON CONFLICT (id) DO NOTHING RETURNING id`,
        JSON.stringify(rows.map((row) => [...columns.map((name) => row[name]), row.input])),
      ).length,
    update: (before: Row1, after: Row1) =>
      sql.all(
        `UPDATE jobs SET ${set(numbered)} WHERE id = ${numbered(moving.length)} AND ${still(numbered)} RETURNING id`,
        ...changeOf(before, after),
      ).length,
    updateMany: (changes: readonly { before: Row1; after: Row1 }[]) =>
      sql.all(
        `UPDATE jobs SET ${set(place)} FROM json_each(?) v WHERE jobs.id = ${place(moving.length)} AND ${still((i) => `(${place(i)})`)} RETURNING jobs.id`,
        JSON.stringify(changes.map(({ before, after }) => changeOf(before, after))),
      ).length,
    byId: (id: string) => sql.all<Row1>(`SELECT ${columns.join(', ')}, input FROM jobs WHERE id = ?`, id)[0],
    byKey: (key: string, task: string) =>
      sql.all<Row1>(`SELECT ${columns.join(', ')}, input FROM jobs WHERE key = ? AND task = ?`, key, task)[0],
    reads: () => [
      sql.all(`SELECT ${light.join(', ')} FROM jobs WHERE id >= '' AND id > '' ORDER BY id LIMIT 99`),
      sql.all(
        `SELECT ${light.join(', ')} FROM jobs WHERE id > '' AND state = 'queued' AND due_at IS NULL ORDER BY id LIMIT 9`,
      ),
      sql.all(
        `SELECT ${light.join(', ')} FROM jobs INDEXED BY jobs_due
         WHERE due_at >= 0 AND due_at <= 9 AND (due_at, id) > (0, '') ORDER BY due_at, id LIMIT 9`,
      ),
      sql.all(`SELECT ${light.join(', ')} FROM jobs INDEXED BY jobs_due WHERE due_at <= 9 AND state = 'running'`),
      sql.all(`SELECT state, COUNT(*) AS n FROM jobs WHERE id >= '' AND id < '9' GROUP BY state`),
      sql.all(`SELECT id, task, state, tags, key FROM jobs WHERE id < '9' ORDER BY id DESC LIMIT 9`),
      sql.all('SELECT runner, until FROM runners'),
      sql.all("SELECT value FROM facts WHERE name = 'upkeep'"),
      sql.all("SELECT sums FROM tallies WHERE minute = 1 AND task = 'send'"),
    ],
  }
}
