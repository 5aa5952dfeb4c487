import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { migrate, migrations, statementsOf } from '../../../../src/engine/ledger/storage/schema.ts'
import { type NodeSql, nodeSql } from '../../../../src/testing/node-database.ts'
import { Rig, withAlarm } from '../rig.ts'

/** The hash of every migration. A released migration never changes: add another one, and its hash here. */
const hashes = ['b78c0343b6f5f41fea0dcd3860ba92353b8422c3a9ff1d79931440275e94b123']

const schemaOf = (sql: NodeSql) =>
  sql.all<{ name: string; sql: string }>('SELECT name, sql FROM sqlite_schema ORDER BY name').map((row) => ({ ...row }))

describe('migrations', () => {
  test('have the recorded hashes, because a released one never changes', () => {
    expect(migrations.map((text) => createHash('sha256').update(text).digest('hex'))).toEqual(hashes)
  })

  test('have no semicolon inside a string or a comment, because they are split at semicolons', () => {
    for (const migration of migrations) {
      const texts = [...migration.matchAll(/--.*$|'[^']*'/gm)].map(([text]) => text)
      expect(texts.filter((text) => text.includes(';'))).toEqual([])
      expect(migration).not.toMatch(/\/\*|CREATE\s+TRIGGER/i)
    }
  })

  test('have no two dashes inside a string, because the split would read them as a comment', () => {
    for (const migration of migrations) {
      const strings = [...migration.replaceAll(/--.*$/gm, '').matchAll(/'[^']*'/g)].map(([text]) => text)
      expect(strings.filter((text) => text.includes('--'))).toEqual([])
    }
  })

  test('open no transaction and set no pragma, because a Durable Object refuses both', () => {
    for (const statement of migrations.flatMap(statementsOf))
      expect(statement).toMatch(/^(CREATE|ALTER|INSERT|UPDATE|DROP)\s/)
  })

  test('check no state and no reason, so that a new one needs no new table', () => {
    expect(migrations.join(' ')).not.toMatch(/CHECK \((state|reason)\b/)
  })
})

describe('statementsOf', () => {
  test.each<[text: string, statements: string[]]>([
    ['', []],
    ['-- only a comment\n', []],
    ['A', ['A']],
    ['A;B', ['A', 'B']],
    [' A ;\n\n B ;\n', ['A', 'B']],
    ['A -- one\n+ 1; B', ['A \n+ 1', 'B']],
  ])('splits %j into %j', (text, statements) => {
    expect(statementsOf(text)).toEqual(statements)
  })
})

describe('migrate', () => {
  test('brings an empty database to the newest schema and records when', () => {
    const sql = migrated()
    expect(sql.all('SELECT version, applied_at FROM schema_versions').map((row) => ({ ...(row as object) }))).toEqual(
      migrations.map((_, index) => ({ version: index + 1, applied_at: 5 })),
    )
    expect(schemaOf(sql).map(({ name }) => name)).toEqual([
      'bulks',
      'facts',
      'jobs',
      'jobs_due',
      'jobs_unique',
      'limits',
      'minute_stats',
      'runners',
      'schedules',
      'schema_versions',
    ])
  })

  test('changes nothing and writes nothing the second time', () => {
    const sql = migrated()
    const [schema, written] = [schemaOf(sql), sql.rowsWritten()]
    migrate(sql, 6)
    expect([schemaOf(sql), sql.rowsWritten()]).toEqual([schema, written])
  })

  test('leaves a newer database as it is, so that a deploy can be rolled back', () => {
    const sql = migrated()
    sql.all('ALTER TABLE jobs ADD COLUMN region TEXT')
    sql.all('INSERT INTO schema_versions (version, applied_at) VALUES (99, 5)')
    const schema = schemaOf(sql)
    migrate(sql, 6)
    expect(schemaOf(sql)).toEqual(schema)
    const rig = new Rig({ ...withAlarm(sql), rowsWritten: sql.rowsWritten })
    rig.enqueue()
    rig.settle(rig.claim(), { kind: 'completed' })
    expect(rig.broken()).toEqual([])
  })

  test('leaves the schema of the last complete version when it fails, and continues from there', () => {
    // The first two statements make the table of versions and read it. Each migration ends by recording its version.
    const statements = 2 + migrations.reduce((sum, text) => sum + statementsOf(text).length + 1, 0)
    const left: number[] = []
    for (let nth = 1; nth < statements; nth++) {
      const sql = nodeSql()
      let count = 0
      const failing: NodeSql = {
        ...sql,
        all: (statement, ...bindings) => {
          if (++count > nth) throw new Error('disk I/O error')
          return sql.all(statement, ...bindings)
        },
      }
      expect(() => migrate(failing, 5)).toThrow('disk I/O error')
      const version = versionOf(sql)
      expect(schemaOf(sql), `after statement ${nth}`).toEqual(schemaOf(migratedTo(version)))
      migrate(sql, 6)
      expect(schemaOf(sql)).toEqual(schemaOf(migrated()))
      left.push(version)
    }
    expect([...new Set(left)]).toEqual(migrations.map((_, index) => index))
  })

  test('brings a database of any version to the same schema, and keeps the times of its earlier migrations', () => {
    for (const version of migrations.keys()) {
      const sql = migratedTo(version)
      migrate(sql, 9)
      expect(schemaOf(sql)).toEqual(schemaOf(migrated()))
      expect(sql.all<{ at: number }>('SELECT applied_at AS at FROM schema_versions').map(({ at }) => at)).toEqual(
        migrations.map((_, index) => (index < version ? 5 : 9)),
      )
    }
  })

  test.each<[columns: object, because: string]>([
    [{ attempt: -1 }, 'attempts count from 0'],
    [{ attempt: 4 }, 'attempts never exceed their maximum'],
    [{ task: null }, 'every job has a task'],
    [{ input: null }, 'every job has an input'],
  ])('makes a table of jobs that refuses a row with %j, because %s', (columns) => {
    const row = {
      id: '3-01',
      task: 'send',
      partition: '',
      state: 'queued',
      reason: null,
      lapses: 0,
      refunds: 0,
      cancelling: 0,
      priority: 0,
      bytes: 2,
      attempt: 0,
      max_attempts: 3,
      created_at: 5,
      input: '{}',
    }
    const insert = (values: object) => {
      const names = Object.keys(values)
      const placeholders = names.map(() => '?').join(', ')
      migrated().all(
        `INSERT INTO jobs (${names.join(', ')}) VALUES (${placeholders})`,
        ...(Object.values(values) as never[]),
      )
    }
    expect(() => insert(row)).not.toThrow()
    expect(() => insert({ ...row, ...columns })).toThrow(/constraint failed/)
  })
})

function migrated(): NodeSql {
  const sql = nodeSql()
  migrate(sql, 5)
  return sql
}

/** A database of this version: with as many migrations, from the first one on. */
function migratedTo(version: number): NodeSql {
  const sql = nodeSql()
  sql.all('CREATE TABLE IF NOT EXISTS schema_versions (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL)')
  for (const [index, migration] of migrations.slice(0, version).entries()) {
    for (const statement of statementsOf(migration)) sql.all(statement)
    sql.all('INSERT INTO schema_versions (version, applied_at) VALUES (?, ?)', index + 1, 5)
  }
  return sql
}

function versionOf(sql: NodeSql): number {
  return sql.all<{ version: number | null }>('SELECT MAX(version) AS version FROM schema_versions')[0]?.version ?? 0
}
