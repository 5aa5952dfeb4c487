import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { connectionLost, memoryExceeded, overloaded, superseded } from '../../../src/testing/faults.ts'
import type { Fault } from '../../../src/testing/ledger.ts'
import type { World } from '../world.ts'
import { silentWorld } from '../world.ts'

function counted(world: World) {
  const runs: number[] = []
  const task = world.task({
    name: 'counted',
    input: z.number(),
    timeout: '5m',
    run: async (ms) => {
      runs.push(ms)
      await world.clock.sleep(ms)
    },
  })
  return { task, runs }
}

/** The n-th sync of this world goes wrong, and no other. */
function nth(world: World, n: number, fault: Fault): void {
  let count = 0
  world.ledger().fault = (verb) => (verb === 'sync' && ++count === n ? fault : undefined)
}

const errors = {
  'connection lost': connectionLost,
  superseded,
  overloaded,
  'out of memory': memoryExceeded,
  unknown: () => new Error('strange'),
}
const losses = (['before', 'after'] as const).flatMap((when) =>
  Object.entries(errors).flatMap(([name, error]) => [1, 2].map((n) => ({ when, name, error, n }))),
)

describe('a sync that fails', () => {
  test.each(losses)(
    '$when it took effect, sync $n, $name: the job runs once and is settled',
    async ({ when, error, n }) => {
      const world = silentWorld()
      const { task, runs } = counted(world)
      const job = await world.until(task.enqueue(1_000))
      nth(world, n, { when, error: error() })
      const invocation = world.invocation()
      await world.until(world.runner(0, {}, invocation).run())
      if (runs.length === 0) await world.clock.advance(31_000)
      if (runs.length === 0) await world.until(world.runner(0, {}, invocation).run())
      expect(runs).toEqual([1_000])
      expect(await world.record(job.id)).toMatchObject({ state: 'completed', attempt: 1 })
      expect(invocation.timers).toBe(0)
    },
  )

  test('is repeated under its own seq after faults for which that helps', async () => {
    const world = silentWorld()
    const { task } = counted(world)
    await world.until(task.enqueue(1_000))
    nth(world, 1, { when: 'after', error: connectionLost() })
    await world.until(world.runner().run())
    expect(
      world
        .ledger()
        .syncs()
        .map(({ seq }) => seq),
    ).toEqual([1, 1, 2])
  })

  test('of a runner without jobs ends the runner, because the ledger wakes another', async () => {
    const world = silentWorld()
    const { task } = counted(world)
    await world.until(task.enqueue(1))
    world.ledger().fault = () => ({ when: 'before', error: new Error('strange') })
    const invocation = world.invocation()
    expect(await world.until(world.runner(0, {}, invocation).run())).toMatchObject({ jobs: 0, syncs: 1 })
    expect(invocation.events('sync-unanswered')).toHaveLength(1)
  })

  test('of a runner with a job is tried again at growing intervals until its time is over', async () => {
    const world = silentWorld()
    const { task, runs } = counted(world)
    await world.until(task.enqueue(1))
    const openedAt = world.clock.now
    let count = 0
    world.ledger().fault = () => (++count > 1 ? { when: 'before', error: new Error('strange') } : undefined)
    const { syncs } = await world.until(world.runner(0, { wallMs: 310_000 }).run())
    expect(world.clock.now - openedAt).toBeLessThan(330_000)
    expect(syncs).toBeLessThan(40)
    expect(runs).toHaveLength(1)
  })

  test('keeps what has finished, and settles it with the next one', async () => {
    const world = silentWorld()
    const { task, runs } = counted(world)
    await world.until(task.enqueueMany([1, 2, 3]))
    nth(world, 2, { when: 'before', error: new Error('strange') })
    await world.until(world.runner().run())
    expect(runs).toHaveLength(3)
    expect(world.jobs().every(({ state, attempt }) => state === 'completed' && attempt === 1)).toBe(true)
  })
})

describe('an overtaken sync', () => {
  /** A runner with a job of 100 ms in hand, and in flight a sync that claims another one and is answered late. */
  async function overtaken(fault: Fault) {
    const world = silentWorld()
    const { task, runs } = counted(world)
    await world.until(task.enqueueMany([50, 100]))
    nth(world, 2, fault)
    const invocation = world.invocation()
    const report = world.runner(0, {}, invocation).run()
    await world.clock.advance(10)
    const late = await world.until(task.enqueue(10))
    return { world, runs, report, late, invocation }
  }

  test('does not hold up the settlement of the next job', async () => {
    const { world, report } = await overtaken({ when: 'late', ms: 2_000 })
    await world.clock.advance(150)
    expect(world.jobs().filter(({ state }) => state === 'completed')).toHaveLength(2)
    await world.until(report)
  })

  test('keeps its claims, which start when its answer comes', async () => {
    const { world, runs, report, late } = await overtaken({ when: 'late', ms: 2_000 })
    expect(await world.until(report)).toMatchObject({ jobs: 3 })
    expect(runs).toHaveLength(3)
    expect(runs[2]).toBe(10)
    expect(await world.record(late.id)).toMatchObject({ state: 'completed', attempt: 1 })
  })

  test('lets the runner end as soon as its answer has brought nothing', async () => {
    const world = silentWorld()
    const { task } = counted(world)
    await world.until(task.enqueueMany([50, 100]))
    nth(world, 2, { when: 'late', ms: 2_000 })
    const openedAt = world.clock.now
    await world.until(world.runner().run())
    expect(world.clock.now - openedAt).toBeLessThan(2_200)
  })

  test('that is never answered leads to few syncs, and its claims lapse and run afterwards', async () => {
    const { world, report, late, invocation } = await overtaken({ when: 'never' })
    const { syncs } = await world.until(report)
    expect(syncs).toBeLessThan(120)
    expect(invocation.sleeps).toBeLessThan(500)
    expect(invocation.timers).toBe(0)
    expect(await world.record(late.id)).toMatchObject({ state: 'completed' })
  })
})

test('a runner waits without spinning for a ledger that does not answer', async () => {
  const world = silentWorld()
  world.ledger().fault = () => ({ when: 'never' })
  const invocation = world.invocation()
  void world.runner(0, {}, invocation).run()
  await world.clock.advance(5 * 60_000)
  expect(invocation.sleeps).toBeLessThan(200)
})
