import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { JobQuery } from '../../../src/engine/client/job-search.ts'
import { homeShardOf } from '../../../src/engine/client/shards.ts'
import { silentWorld, type World } from '../world.ts'

const ulidOf = (id: string) => id.split('-')[1] ?? ''

/** A world with this many jobs, spread over its shards and over time, half of them tagged. */
async function filled(shards: number, jobs: number, seed = 1) {
  const world = silentWorld({ shards, seed })
  const task = world.task({ name: 'even', input: z.number(), run: () => {} })
  const other = world.task({ name: 'odd', input: z.number(), run: () => {} })
  for (let n = 0; n < jobs; n++) {
    const options = { idempotencyKey: `${n}`, ...(n % 3 === 0 && { tags: ['third'] }) }
    await world.until((n % 2 === 0 ? task : other).enqueue(n, options))
    await world.clock.advance(world.chance.between(0, 3))
  }
  return world
}

/** Keys of a task that live on this shard of two. */
function keysOf(task: string, shard: number): string[] {
  const keys = Array.from({ length: 9_999 }, (_, n) => `${n}`)
  return keys.filter((key) => homeShardOf(`${task} ${key}`, 2) === shard)
}

/** Every page of a query, one after the other. */
async function pages(world: World, query: JobQuery): Promise<string[][]> {
  const found: string[][] = []
  let cursor: string | undefined
  do {
    const page = await world.until(world.chard.jobs.list({ ...query, ...(cursor !== undefined && { cursor }) }))
    found.push(page.jobs.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== undefined && found.length < 1_000)
  return found
}

describe('list', () => {
  test('merges the shards, newest first', async () => {
    const world = await filled(4, 30)
    const { jobs, missing, cursor } = await world.until(world.chard.jobs.list({ limit: 100 }))
    expect(jobs).toHaveLength(30)
    expect(new Set(jobs.map(({ id }) => id[0])).size).toBe(4)
    const ulids = jobs.map(({ id }) => ulidOf(id))
    expect(ulids).toEqual(ulids.toSorted().reverse())
    expect(missing).toEqual([])
    expect(cursor).toBeUndefined()
  })

  test('page by page neither repeats nor skips a job', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          shards: fc.integer({ min: 1, max: 4 }),
          jobs: fc.integer({ min: 0, max: 25 }),
          limit: fc.integer({ min: 1, max: 9 }),
          seed: fc.nat(1_000),
          query: fc.constantFrom<JobQuery>(
            {},
            { task: 'even' },
            { tag: 'third' },
            { state: 'queued' },
            { state: 'failed' },
          ),
        }),
        async ({ shards, jobs, limit, seed, query }) => {
          const world = await filled(shards, jobs, seed)
          const all = (await world.until(world.chard.jobs.list({ ...query, limit: 100 }))).jobs.map(({ id }) => id)
          const paged = await pages(world, { ...query, limit })
          expect(paged.flat()).toEqual(all)
          expect(paged.every((page) => page.length <= limit)).toBe(true)
        },
      ),
      { numRuns: 40 },
    )
  })

  test('goes on past many jobs that do not match the query', async () => {
    const world = silentWorld({ shards: 2 })
    const rare = world.task({ name: 'rare', input: z.number(), run: () => {} })
    const common = world.task({ name: 'common', input: z.number(), run: () => {} })
    const first = await world.until(rare.enqueue(1))
    await world.clock.advance(1_000)
    await world.until(common.enqueueMany(Array<number>(5_000).fill(1)))
    const found = await pages(world, { task: 'rare' })
    expect(found.flat()).toEqual([first.id])
    expect(found.length).toBeLessThan(10)
  })

  test('shows an older job of one shard only once the others have been searched that far', async () => {
    const world = silentWorld({ shards: 2 })
    const rare = world.task({ name: 'rare', input: z.number(), run: () => {} })
    const common = world.task({ name: 'common', input: z.number(), run: () => {} })
    const older = await world.until(rare.enqueue(1, { idempotencyKey: keysOf('rare', 1)[0] ?? '' }))
    await world.clock.advance(1_000)
    const newer = await world.until(rare.enqueue(1, { idempotencyKey: keysOf('rare', 0)[0] ?? '' }))
    await world.clock.advance(1_000)
    const keys = keysOf('common', 0)
    await world.until(common.enqueueMany(Array<number>(3_000).fill(1), (_, n) => ({ idempotencyKey: keys[n] ?? '' })))
    expect((await pages(world, { task: 'rare' })).flat()).toEqual([newer.id, older.id])
  })

  test.each<[JobQuery, number]>([
    [{ task: 'odd' }, 15],
    [{ tag: 'third' }, 10],
    [{ task: 'odd', tag: 'third' }, 5],
    [{ idempotencyKey: '7' }, 1],
    [{ state: 'completed' }, 0],
  ])('finds by %j', async (query, count) => {
    const world = await filled(3, 30)
    expect((await world.until(world.chard.jobs.list({ ...query, limit: 100 }))).jobs).toHaveLength(count)
  })

  test('finds jobs by their creation, from a time on and before a time', async () => {
    const world = silentWorld({ shards: 3 })
    const task = world.task({ name: 'hourly', input: z.number(), run: () => {} })
    const begunAt = world.clock.now
    for (let n = 0; n < 24; n++) {
      await world.until(task.enqueue(n, { idempotencyKey: `${n}` }))
      await world.clock.advance(begunAt + (n + 1) * 3_600_000 - world.clock.now)
    }
    const at = (hour: number) => new Date(begunAt + hour * 3_600_000)
    const inputs = async (query: JobQuery) =>
      (await world.until(world.chard.jobs.list({ limit: 100, ...query }))).jobs.map(({ input }) => input).toReversed()
    const hours = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n)
    expect(await inputs({ createdAfter: at(20) })).toEqual(hours(20, 24))
    expect(await inputs({ createdBefore: at(3) })).toEqual(hours(0, 3))
    expect(await inputs({ createdAfter: at(5), createdBefore: at(9) })).toEqual(hours(5, 9))
    expect(await inputs({ createdAfter: at(9), createdBefore: at(5) })).toEqual([])
    expect((await pages(world, { createdAfter: at(5), createdBefore: at(15), limit: 3 })).flat()).toHaveLength(10)
  })

  test('names the shards that did not answer, and shows the jobs of the others', async () => {
    const world = await filled(3, 30)
    world.ledger(1).fault = () => ({ when: 'before', error: new Error('away') })
    const { jobs, missing } = await world.until(world.chard.jobs.list({ limit: 100 }))
    expect(missing).toEqual([1])
    expect(jobs.length).toBeGreaterThan(0)
    expect(jobs.every(({ id }) => !id.startsWith('1-'))).toBe(true)
  })

  test.each<[string, JobQuery]>([
    ['limit', { limit: 0 }],
    ['limit', { limit: 101 }],
    ['limit', { limit: 1.5 }],
    ['cursor', { cursor: 'x' }],
    ['createdAfter', { createdAfter: new Date(Number.NaN) }],
    ['createdBefore', { createdBefore: '2030-01-01' as never }],
    ['cursor', { cursor: "'; DROP TABLE jobs" }],
  ])('refuses a %s it does not take: %j', async (option, query) => {
    const world = silentWorld()
    await expect(world.until(world.chard.jobs.list(query))).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringContaining(option),
    })
  })
})

describe('overview', () => {
  test('sums the states over the shards that answer, and names the others', async () => {
    const world = await filled(3, 30)
    const whole = await world.until(world.chard.stats.overview())
    expect(whole.states).toMatchObject({ queued: 30, completed: 0 })
    expect(whole.shards).toHaveLength(3)
    world.ledger(2).fault = () => ({ when: 'before', error: new Error('away') })
    const part = await world.until(world.chard.stats.overview())
    expect(part.missing).toEqual([2])
    expect(part.states.queued).toBe(30 - (whole.shards[2]?.states.queued ?? 0))
  })
})
