import { env } from 'cloudflare:workers'
import { describe, expect, test, vi } from 'vitest'
import { forgetSchema, openUsers } from '../../../src/app/database/database.ts'
import { migrate } from '../../../src/app/database/migrate.ts'
import { type Migration, migrations } from '../../../src/app/database/migrations.ts'

const first: Migration = { name: '0001_first.sql', sql: 'CREATE TABLE a (x); -- one;\nINSERT INTO a VALUES (1);' }
const second: Migration = { name: '0002_second.sql', sql: "INSERT INTO a VALUES ('two; halves');" }
const broken: Migration = { name: '0003_broken.sql', sql: 'INSERT INTO a VALUES (3); INSERT INTO missing VALUES (3);' }

async function column(sql: string): Promise<unknown[]> {
  const { results } = await env.DB.prepare(sql).all()
  return results.flatMap((row) => Object.values(row))
}
const applied = () => column('SELECT name FROM d1_migrations ORDER BY id')

describe('migrate', () => {
  test('a fresh database gets every migration, in order', async () => {
    await migrate(env.DB, [first, second])
    expect(await column('SELECT x FROM a')).toEqual([1, 'two; halves'])
    expect(await applied()).toEqual([first.name, second.name])
  })

  test('an older database gets what it lacks, and nothing twice', async () => {
    await migrate(env.DB, [first])
    await migrate(env.DB, [first, second])
    await migrate(env.DB, [first, second])
    expect(await column('SELECT x FROM a')).toEqual([1, 'two; halves'])
  })

  test('a newer database, as after a rollback, is left as it is', async () => {
    await migrate(env.DB, [first, second])
    await migrate(env.DB, [first])
    expect(await applied()).toEqual([first.name, second.name])
  })

  test('many isolates at once apply each migration once', async () => {
    await Promise.all(Array.from({ length: 40 }, () => migrate(env.DB, [first, second])))
    expect(await column('SELECT x FROM a')).toEqual([1, 'two; halves'])
    expect(await applied()).toEqual([first.name, second.name])
  })

  test('a migration that fails leaves nothing of itself, and what went before it stays', async () => {
    await expect(migrate(env.DB, [first, second, broken])).rejects.toThrow(/missing/)
    expect(await column('SELECT x FROM a')).toEqual([1, 'two; halves'])
    expect(await applied()).toEqual([first.name, second.name])
  })

  test('what wrangler applied counts as applied', async () => {
    // As `wrangler d1 migrations apply` does it: its table, the file, its record.
    await env.DB.batch(
      [
        'CREATE TABLE IF NOT EXISTS "d1_migrations"(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)',
        'CREATE TABLE a (x)',
        'INSERT INTO a VALUES (1)',
        `INSERT INTO "d1_migrations" (name) values ('${first.name}')`,
      ].map((sql) => env.DB.prepare(sql)),
    )
    await migrate(env.DB, [first, second])
    expect(await column('SELECT x FROM a')).toEqual([1, 'two; halves'])
  })

  test('its own record has the columns that wrangler writes and reads', async () => {
    await migrate(env.DB, [first])
    expect(await column("SELECT name FROM pragma_table_info('d1_migrations')")).toEqual(['id', 'name', 'applied_at'])
    expect(await column('SELECT applied_at FROM d1_migrations')).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d /)])
  })
})

describe('openUsers', () => {
  test('many first requests at once all find the current schema', async () => {
    const found = await Promise.all(Array.from({ length: 40 }, async () => (await openUsers(env)).get(1)))
    expect(found.every((user) => user === null)).toBe(true)
    expect(await applied()).toEqual(migrations.map(({ name }) => name))
  })

  test('after the first time, it makes no more requests to the database', async () => {
    await openUsers(env)
    const DB = { batch: vi.fn(), prepare: vi.fn(), exec: vi.fn() } as unknown as D1Database
    await openUsers({ DB })
    expect(DB.batch).not.toHaveBeenCalled()
    expect(DB.prepare).not.toHaveBeenCalled()
  })

  test('a failure is not remembered', async () => {
    forgetSchema()
    const DB = { prepare: () => ({}), batch: () => Promise.reject(new Error('D1 is away')) } as unknown as D1Database
    await expect(openUsers({ DB })).rejects.toThrow('D1 is away')
    expect(await (await openUsers(env)).get(1)).toBeNull()
  })
})
