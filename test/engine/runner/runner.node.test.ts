import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { silentWorld, World } from '../world.ts'

function sleeper(world: World, name = 'sleep') {
  return world.task({ name, input: z.number(), timeout: '10m', run: (ms) => world.clock.sleep(ms) })
}

describe('a runner', () => {
  test('needs two syncs for a single job: one claims it, one settles it and finds no more work', async () => {
    const world = new World()
    const job = await world.until(sleeper(world).enqueue(1_000))
    await world.untilQuiet()
    expect(world.ledger().syncs()).toMatchObject([
      { seq: 1, settle: [], heartbeats: [] },
      { seq: 2, settle: [{ id: job.id, outcome: { kind: 'completed' } }], heartbeats: [] },
    ])
    expect(world.reports).toMatchObject([{ jobs: 1, syncs: 2 }])
  })

  test('needs one sync when there is nothing to do', async () => {
    const world = silentWorld()
    expect(await world.until(world.runner().run())).toMatchObject({ jobs: 0, syncs: 1 })
  })

  test('settles a finished job at once beside a slow neighbour', async () => {
    const world = silentWorld()
    const task = sleeper(world)
    const [slow, quick] = await world.until(task.enqueueMany([60_000, 100]))
    const report = world.runner().run()
    await world.clock.advance(110)
    expect(await world.record(quick?.id ?? '')).toMatchObject({ state: 'completed' })
    expect(await world.record(slow?.id ?? '')).toMatchObject({ state: 'running' })
    await world.until(report)
  })

  test('overtakes its own held poll to settle a finished job', async () => {
    const world = silentWorld()
    const task = sleeper(world)
    await world.until(task.enqueue(20))
    const job = await world.until(task.enqueue(300))
    const report = world.runner().run()
    await world.clock.advance(200)
    expect(world.ledger().timers).toBe(1)
    await world.clock.advance(110)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
    await world.until(report)
  })

  test('takes work that arrives while its poll is held', async () => {
    const world = silentWorld()
    const task = sleeper(world)
    await world.until(task.enqueue(20))
    await world.until(task.enqueue(20))
    const report = world.runner().run()
    await world.clock.advance(200)
    const late = await world.until(task.enqueue(20))
    await world.clock.advance(30)
    expect(await world.record(late.id)).toMatchObject({ state: 'completed' })
    expect(await world.until(report)).toMatchObject({ jobs: 3 })
  })

  test('sends a heartbeat every third of a lease while a job runs', async () => {
    const world = silentWorld()
    await world.until(sleeper(world).enqueue(65_000))
    const openedAt = world.clock.now
    await world.until(world.runner().run())
    const heartbeats = world
      .ledger()
      .syncs()
      .filter(({ heartbeats }) => heartbeats.length > 0)
    expect(heartbeats.map(({ sentAt }) => Math.round((sentAt - openedAt) / 1_000))).toEqual([10, 20, 30, 40, 50, 60])
  })

  test('keeps a job while it sends heartbeats, far beyond one lease', async () => {
    const world = silentWorld()
    const job = await world.until(sleeper(world).enqueue(5 * 60_000))
    await world.until(world.runner().run())
    expect(await world.record(job.id)).toMatchObject({ state: 'completed', attempt: 1, history: [{ attempt: 1 }] })
  })

  test('runs a thousand short jobs in few syncs', async () => {
    const world = silentWorld()
    await world.until(sleeper(world).enqueueMany(Array<number>(1_000).fill(1)))
    const report = await world.until(world.runner(0, { jobsMax: 1_000 }).run())
    expect(report.jobs).toBe(1_000)
    expect(report.syncs).toBeLessThan(60)
    expect(world.jobs().every(({ state, attempt }) => state === 'completed' && attempt === 1)).toBe(true)
  })

  test('leaves no timer behind', async () => {
    const world = silentWorld()
    const task = sleeper(world)
    await world.until(task.enqueueMany([1, 20, 300, 15_000]))
    const invocation = world.invocation()
    await world.until(world.runner(0, {}, invocation).run())
    expect(invocation.timers).toBe(0)
    expect(world.ledger().timers).toBe(0)
  })
})
