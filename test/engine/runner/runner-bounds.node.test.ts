import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { World } from '../world.ts'
import { silentWorld } from '../world.ts'

/** A task that knows how many of its jobs run at once. */
function crowd(world: World, name = 'crowd') {
  const seen = { now: 0, most: 0, order: [] as number[] }
  const task = world.task({
    name,
    input: z.number(),
    timeout: '1m',
    run: async (ms) => {
      seen.now++
      seen.most = Math.max(seen.most, seen.now)
      seen.order.push(ms)
      await world.clock.sleep(ms)
      seen.now--
    },
  })
  return { task, seen }
}

describe('a runner', () => {
  test('runs as many jobs side by side as its concurrency says while they are long', async () => {
    const world = silentWorld()
    const { task, seen } = crowd(world)
    await world.until(task.enqueueMany(Array<number>(50).fill(200)))
    await world.until(world.runner(0, { concurrency: 5 }).run())
    expect(seen.most).toBe(5)
  })

  test('runs more side by side once they prove short, and at most a hundred', async () => {
    const world = silentWorld()
    const { task, seen } = crowd(world)
    await world.until(task.enqueueMany(Array<number>(2_000).fill(5)))
    await world.until(world.runner(0, { concurrency: 5, jobsMax: 2_000 }).run())
    expect(seen.most).toBeGreaterThan(50)
    expect(seen.most).toBeLessThanOrEqual(100)
  })

  test('runs fewer side by side again as soon as a job was long', async () => {
    const world = silentWorld()
    const { task, seen } = crowd(world)
    await world.until(task.enqueueMany(Array<number>(300).fill(5)))
    await world.until(task.enqueueMany(Array<number>(300).fill(200), { priority: -1 }))
    const report = world.runner(0, { concurrency: 5, jobsMax: 1_000 }).run()
    await world.clock.runWhile(() => seen.order.filter((ms) => ms === 200).length < 200)
    seen.most = 0
    await world.until(report)
    expect(seen.most).toBeLessThanOrEqual(5)
  })

  test('ends after its number of jobs, and leaves the rest', async () => {
    const world = silentWorld()
    const { task } = crowd(world)
    await world.until(task.enqueueMany(Array<number>(30).fill(1)))
    expect(await world.until(world.runner(0, { jobsMax: 12 }).run())).toMatchObject({ jobs: 12 })
    expect(world.jobs().filter(({ state }) => state === 'queued')).toHaveLength(18)
    expect(world.ledger().syncs().at(-1)).toMatchObject({ want: 0, done: true })
  })

  test('claims nothing more after its number of syncs, and settles what it has', async () => {
    const world = silentWorld()
    const { task } = crowd(world)
    await world.until(task.enqueueMany(Array<number>(100).fill(100)))
    const { syncs } = await world.until(world.runner(0, { concurrency: 1, syncsMax: 10 }).run())
    expect(syncs).toBe(11)
    expect(world.jobs().filter(({ state }) => state === 'completed')).toHaveLength(10)
    expect(world.jobs().filter(({ state }) => state === 'running')).toHaveLength(0)
  })

  test('ends when its time is over', async () => {
    const world = silentWorld()
    const { task } = crowd(world)
    await world.until(task.enqueueMany(Array<number>(100).fill(10_000)))
    const openedAt = world.clock.now
    await world.until(world.runner(0, { concurrency: 1, wallMs: 120_000 }).run())
    expect(world.clock.now - openedAt).toBeLessThanOrEqual(120_000)
    expect(world.jobs().filter(({ state }) => state === 'running')).toHaveLength(0)
  })

  test('claims only jobs that fit into its remaining time together with their settling', async () => {
    const world = silentWorld()
    const { task } = crowd(world)
    const job = await world.until(task.enqueue(1))
    await world.until(world.runner(0, { wallMs: 61_000 }).run())
    expect(await world.record(job.id)).toMatchObject({ state: 'queued', attempt: 0 })
    await world.until(world.runner(0, { wallMs: 63_000 }).run())
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })

  test('claims a task that fits before one that does not', async () => {
    const world = silentWorld()
    const { task } = crowd(world)
    const short = world.task({ name: 'short', input: z.number(), timeout: '1s', run: () => {} })
    await world.until(task.enqueue(1))
    await world.until(short.enqueue(1))
    expect(await world.until(world.runner(0, { wallMs: 29_500 }).run())).toMatchObject({ jobs: 1 })
  })

  test('runs a job first and alone after two runners have died with it', async () => {
    const world = silentWorld()
    const { task, seen } = crowd(world)
    const poison = await world.until(task.enqueue(30_000))
    for (let death = 0; death < 2; death++) {
      const invocation = world.invocation()
      void world.runner(0, {}, invocation).run()
      await world.clock.advance(11_000)
      invocation.die()
      await world.clock.runWhile(() => world.jobs()[0]?.state !== 'retrying')
      await world.clock.advance(5_000)
    }
    await world.until(task.enqueueMany([1, 2, 3], { priority: 9 }))
    Object.assign(seen, { now: 0, most: 0, order: [] })
    const report = world.runner().run()
    await world.clock.advance(20_000)
    expect(seen.order).toEqual([30_000])
    expect(await world.record(poison.id)).toMatchObject({ state: 'running', attempt: 3 })
    await world.until(report)
    // Which of one millisecond comes first is chance.
    expect(seen.order[0]).toBe(30_000)
    expect(seen.order.slice(1).sort()).toEqual([1, 2, 3])
  })
})
