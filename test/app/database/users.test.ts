import { env } from 'cloudflare:workers'
import { describe, expect, test } from 'vitest'
import { openUsers } from '../../../src/app/database/database.ts'
import type { NewUser } from '../../../src/app/database/users.ts'

const ann: NewUser = {
  id: 1,
  email: 'Ann@example.com',
  emailKey: 'ann@example.com',
  keyHash: 'key-1',
  requestHash: 'request-1',
  createdAt: 1_000,
}
const bob: NewUser = { ...ann, id: 2, email: 'bob@example.com', emailKey: 'bob@example.com', keyHash: 'key-2' }

describe('create', () => {
  test.each<[made: boolean, second: NewUser, because: string]>([
    [true, bob, 'nothing of it is taken'],
    [true, { ...bob, keyHash: null }, 'a user needs no key'],
    [false, { ...bob, id: 1 }, 'the id is taken'],
    [false, { ...bob, emailKey: 'ann@example.com' }, 'the address is taken, whatever its spelling'],
    [false, { ...bob, keyHash: 'key-1' }, 'the idempotency key is taken'],
  ])('answers %j for a second user %j, because %s', async (made, second) => {
    const users = await openUsers(env)
    expect(await users.create(ann)).toBe(true)
    expect(await users.create(second)).toBe(made)
    expect(await users.get(1)).toMatchObject({ id: 1, email: 'Ann@example.com', createdAt: 1_000, welcomedAt: null })
  })

  test('of many at once with one address, one is created', async () => {
    const users = await openUsers(env)
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => users.create({ ...ann, id: index + 1, keyHash: null })),
    )
    expect(made.filter(Boolean)).toHaveLength(1)
  })

  test.each([0, -1, 2 ** 53])('the database itself refuses the id %d', async (id) => {
    const users = await openUsers(env)
    await expect(users.create({ ...ann, id })).rejects.toThrow(/CHECK/)
  })

  test('users without a key are no rivals', async () => {
    const users = await openUsers(env)
    expect(await users.create({ ...ann, keyHash: null })).toBe(true)
    expect(await users.create({ ...bob, keyHash: null })).toBe(true)
    expect(await users.rivals({ ...bob, id: 3, emailKey: 'c@example.com', keyHash: null })).toEqual([])
  })
})

describe('rivals', () => {
  test('every row that shares the id, the address or the key is found once', async () => {
    const users = await openUsers(env)
    await users.create(ann)
    await users.create(bob)
    const rivals = await users.rivals({ ...bob, id: 1, keyHash: 'key-2' })
    expect(rivals.map(({ id }) => id).sort()).toEqual([1, 2])
    expect(rivals.find(({ id }) => id === 1)).toEqual({
      id: 1,
      emailKey: 'ann@example.com',
      keyHash: 'key-1',
      requestHash: 'request-1',
      imageJobId: null,
    })
  })
})

describe('withdraw', () => {
  test('removes a user whose image was not handed over', async () => {
    const users = await openUsers(env)
    await users.create(ann)
    expect(await users.withdraw(ann)).toBe(true)
    expect(await users.get(1)).toBeNull()
  })

  test('keeps a user whose image was handed over, or who was created at another time', async () => {
    const users = await openUsers(env)
    await users.create(ann)
    expect(await users.withdraw({ ...ann, createdAt: 2_000 })).toBe(false)
    await users.imageHandedOver(1, 'job')
    expect(await users.withdraw(ann)).toBe(false)
  })
})

describe('notes', () => {
  test('the first record stays', async () => {
    const users = await openUsers(env)
    await users.create(ann)
    expect(await users.imageHandedOver(1, 'job-1')).toBe(true)
    expect(await users.imageHandedOver(1, 'job-2')).toBe(false)
    expect(await users.welcomed(1, 5)).toBe(true)
    expect(await users.welcomed(1, 6)).toBe(false)
    expect(await users.welcomeHandedOver(1, 'job-3')).toBe(true)
    expect(await users.welcomeHandedOver(1, 'job-4')).toBe(false)
    expect(await users.get(1)).toMatchObject({ imageJobId: 'job-1', welcomedAt: 5 })
  })

  test('of a user who does not exist, nothing is recorded', async () => {
    const users = await openUsers(env)
    expect(await users.welcomed(9, 5)).toBe(false)
    expect(await users.imageHandedOver(9, 'job')).toBe(false)
  })
})

describe('owedSince', () => {
  type Note = 'imageHandedOver' | 'welcomed' | 'welcomeHandedOver'
  test.each<[notes: Note[], owed: { image: boolean; welcome: boolean } | undefined, because: string]>([
    [[], { image: true, welcome: true }, 'nothing happened'],
    [['welcomed'], { image: true, welcome: false }, 'the image was not handed over'],
    [['welcomeHandedOver'], { image: true, welcome: false }, 'a job holds the e-mail, but none the image'],
    [['imageHandedOver'], { image: false, welcome: true }, 'nobody welcomed the user'],
    [['imageHandedOver', 'welcomed'], undefined, 'all is done or on its way'],
    [['imageHandedOver', 'welcomeHandedOver'], undefined, 'jobs hold both'],
  ])('after %j a user is owed %j, because %s', async (notes, owed) => {
    const users = await openUsers(env)
    await users.create(ann)
    for (const note of notes) await (note === 'welcomed' ? users.welcomed(1, 5) : users[note](1, 'job'))
    expect(await users.owedSince(1_000, 10)).toEqual(owed ? [{ id: 1, ...owed }] : [])
  })

  test('finds the oldest first, none younger than the time given, and no more than the limit', async () => {
    const users = await openUsers(env)
    for (const [id, createdAt] of [
      [1, 300],
      [2, 100],
      [3, 200],
      [4, 400],
    ] as const) {
      await users.create({ ...ann, id, emailKey: `${id}`, keyHash: null, createdAt })
    }
    expect((await users.owedSince(300, 10)).map(({ id }) => id)).toEqual([2, 3, 1])
    expect((await users.owedSince(300, 2)).map(({ id }) => id)).toEqual([2, 3])
  })

  test('reads as many rows as it returns, however many users there are', async () => {
    const users = await openUsers(env)
    await env.DB.prepare(
      `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
       INSERT INTO users (id, email, email_key, created_at, welcomed_at, image_job_id)
       SELECT i + 10, i, i, i, 1, 'job' FROM n`,
    ).run()
    await users.create(ann)
    const rowsRead: number[] = []
    const prepare = env.DB.prepare.bind(env.DB)
    const DB = {
      prepare: (sql: string) => ({
        bind: (...values: unknown[]) => ({
          async all() {
            const result = await prepare(sql)
              .bind(...values)
              .all()
            rowsRead.push(result.meta.rows_read)
            return result
          },
        }),
      }),
    } as unknown as D1Database
    expect(await (await openUsers({ DB })).owedSince(1_000_000, 10)).toHaveLength(1)
    expect(rowsRead).toEqual([expect.any(Number)])
    expect(rowsRead[0]).toBeLessThanOrEqual(4)
    expect(await (await openUsers({ DB })).rivals(ann)).toHaveLength(1)
    expect(rowsRead[1]).toBeLessThanOrEqual(10)
  })
})
