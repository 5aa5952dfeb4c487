import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { migrations } from '../../../src/app/database/migrations.ts'

describe('migrations', () => {
  test('the list is the directory, in the order in which wrangler applies it', () => {
    const files = readdirSync(resolve(import.meta.dirname, '../../../migrations')).sort()
    expect(migrations.map(({ name }) => name)).toEqual(files)
  })

  test('no file says BEGIN or COMMIT, because each runs inside a transaction of its own', () => {
    for (const { sql } of migrations) expect(sql).not.toMatch(/^\s*(BEGIN|COMMIT|SAVEPOINT)\b/im)
  })

  // A file that ran somewhere is never changed: a new hash here means that a new file is wanted instead.
  test.each([
    ['0001_users.sql', '0117d28382643212639d24d7e5a23c950c081a511d1d6566968bdacfd5d5f7e0'],
    ['0002_users_by_time.sql', '30874e422952e5d51b458b4d75c32b42bdb89c18ecf37b7be607ba749c94c0ed'],
  ])('%s is what was released', (name, hash) => {
    const sql = migrations.find((migration) => migration.name === name)?.sql ?? ''
    expect(createHash('sha256').update(sql).digest('hex')).toBe(hash)
  })
})
