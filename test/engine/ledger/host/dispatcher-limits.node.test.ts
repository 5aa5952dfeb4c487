/** Runners and wake-ups under limits, pauses and schedules: nothing polls, and no job waits too long. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { TaskOptions } from '../../../../src/engine/task/task-options.ts'
import { World } from '../../world.ts'
import { overfull } from '../fleet.ts'

const input = z.object({ who: z.string() })

/** A world with a task that runs for this time and records its starts. */
function paced(more: Partial<TaskOptions<typeof input, void>>, ms = 5) {
  const world = new World()
  const starts: { at: number; who: string }[] = []
  const task = world.task({
    name: 'paced',
    input,
    run: async ({ who }) => {
      starts.push({ at: world.clock.now, who })
      await world.clock.sleep(ms)
    },
    ...more,
  })
  /** Counts what happens while this time passes. */
  const during = async (passMs: number) => {
    const before = {
      syncs: world.ledger().called('sync').length,
      alarms: world.ledger().alarm.timesRung,
      wakeUps: world.queue.sent.length,
      starts: starts.length,
    }
    await world.clock.advance(passMs)
    return {
      syncs: world.ledger().called('sync').length - before.syncs,
      alarms: world.ledger().alarm.timesRung - before.alarms,
      wakeUps: world.queue.sent.length - before.wakeUps,
      starts: starts.length - before.starts,
    }
  }
  const enqueue = (count: number, who = 'ann') =>
    world.until(task.enqueueMany(Array.from({ length: count }, () => ({ who }))))
  return { world, task, starts, during, enqueue }
}

describe('a rate limit', () => {
  test.each<{ what: string; more: Partial<TaskOptions<typeof input, void>> }>([
    { what: 'of the task', more: { rateLimit: { limit: 1, per: '10s' } } },
    {
      what: 'of a partition',
      more: { partition: ({ who }) => who, perPartition: { rateLimit: { limit: 1, per: '10s' } } },
    },
  ])('$what costs a few calls in each window and causes no polling, while a hundred jobs wait', async ({ more }) => {
    const { during, enqueue, starts } = paced(more)
    await enqueue(100)
    await during(10_000)
    const { syncs, alarms, wakeUps, starts: begun } = await during(60_000)
    expect(begun).toBe(6)
    expect(syncs).toBeLessThanOrEqual(6 * 4)
    expect(alarms).toBeLessThanOrEqual(6 * 3)
    expect(wakeUps).toBeLessThanOrEqual(6 * 2)
    expect(
      overfull(
        starts.map(({ at }) => at),
        { limit: 1, perMs: 10_000 },
      ),
    ).toEqual([])
  })

  test('of one start an hour causes no call and no alarm between two starts', async () => {
    const { during, enqueue } = paced({ rateLimit: { limit: 1, per: '1h' } })
    await enqueue(100)
    await during(60_000)
    expect(await during(3_500_000)).toEqual({ syncs: 0, alarms: 0, wakeUps: 0, starts: 0 })
    expect((await during(60_000)).starts).toBe(1)
  })

  test('of twenty starts a second is almost used up and never exceeded', async () => {
    const { during, enqueue, starts } = paced({ rateLimit: { limit: 20, per: '1s' } })
    await enqueue(500)
    await during(20_000)
    expect(starts.length).toBeGreaterThanOrEqual(380)
    expect(
      overfull(
        starts.map(({ at }) => at),
        { limit: 20, perMs: 1_000 },
      ),
    ).toEqual([])
  })

  test('of twenty starts a second holds while the ledger restarts at any moment', async () => {
    const { world, during, enqueue, starts } = paced({ rateLimit: { limit: 20, per: '1s' } })
    await enqueue(300)
    for (let n = 0; n < 40; n++) {
      await during(371)
      world.ledger().restart()
    }
    await during(10_000)
    expect(starts.length).toBe(300)
    expect(
      overfull(
        starts.map(({ at }) => at),
        { limit: 20, perMs: 1_000 },
      ),
    ).toEqual([])
  })
})

describe('a concurrency limit', () => {
  test.each<{ what: string; more: Partial<TaskOptions<typeof input, void>> }>([
    { what: 'of the task', more: { concurrency: 2 } },
    { what: 'of a partition', more: { partition: ({ who }) => who, perPartition: { concurrency: 2 } } },
  ])('$what is used up while jobs wait, with one or two calls for each job', async ({ more }) => {
    const { during, enqueue } = paced(more, 1_000)
    await enqueue(100)
    await during(3_000)
    const { starts, syncs, alarms, wakeUps } = await during(20_000)
    expect(starts).toBeGreaterThanOrEqual(38)
    expect(syncs).toBeLessThanOrEqual(2 * starts + 10)
    expect(alarms).toBeLessThan(45)
    expect(wakeUps).toBeLessThan(25)
  })

  test('of one partition does not delay another partition', async () => {
    const { during, enqueue, starts, world } = paced(
      { partition: ({ who }) => who, perPartition: { concurrency: 1 } },
      5_000,
    )
    await enqueue(50, 'ann')
    await during(2_000)
    const at = world.clock.now
    await enqueue(1, 'bob')
    await during(3_000)
    const bob = starts.find(({ who }) => who === 'bob')
    expect((bob?.at ?? Infinity) - at).toBeLessThan(1_500)
  })
})

describe('a pause', () => {
  test('causes no call while a hundred jobs wait, and ends at once', async () => {
    const { world, during, enqueue } = paced({})
    await world.until(world.chard.tasks.pause('paced'))
    await enqueue(100)
    await during(10_000)
    const paused = await during(3_600_000)
    expect(paused).toMatchObject({ syncs: 0, wakeUps: 0, starts: 0 })
    expect(paused.alarms).toBeLessThan(3)
    await world.until(world.chard.tasks.resume('paced'))
    expect((await during(2_000)).starts).toBe(100)
  })

  test('that begins under load lets running jobs end and starts no others', async () => {
    const { world, during, enqueue } = paced({}, 500)
    await enqueue(200)
    await during(1_100)
    await world.until(world.chard.pause())
    await during(600)
    expect(world.jobs().filter(({ state }) => state === 'running')).toEqual([])
    const { starts, wakeUps } = await during(600_000)
    expect([starts, wakeUps]).toEqual([0, 0])
  })
})

describe('a schedule', () => {
  test('of every two seconds makes one job for each slot while the ledger restarts', async () => {
    const { world, task, starts } = paced({})
    world.schedule({ name: 'tick', every: '2s', task, input: { who: 'clock' } })
    await world.until(world.watchdog())
    for (let n = 0; n < 60; n++) {
      await world.clock.advance(1_037)
      world.ledger().restart()
    }
    const slots = world
      .ledger()
      .rows<{ slot: number }>('SELECT slot FROM jobs ORDER BY slot')
      .map(({ slot }) => slot)
    expect(slots.length).toBeGreaterThanOrEqual(30)
    expect(slots.slice(1).every((slot, n) => slot - (slots[n] ?? 0) === 2_000)).toBe(true)
    expect(starts.length).toBeGreaterThanOrEqual(29)
  })
})
