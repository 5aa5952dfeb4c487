import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { World } from '../world.ts'
import { silentWorld } from '../world.ts'

/** A task that reports progress every 20 ms for as long as its input says. */
function eager(world: World) {
  return world.task({
    name: 'eager',
    input: z.number(),
    timeout: '10m',
    run: async (ms, { progress }) => {
      for (let ranMs = 0; ranMs < ms; ranMs += 20) {
        await world.clock.sleep(20)
        progress(ranMs / ms, 'working')
      }
    },
  })
}

const reports = (world: World) =>
  world
    .ledger()
    .syncs()
    .filter(({ heartbeats }) => heartbeats.some(({ progress }) => progress))

describe('progress', () => {
  test('is reported at most every quarter of a second at first', async () => {
    const world = silentWorld()
    await world.until(eager(world).enqueue(2_000))
    await world.until(world.runner().run())
    const times = reports(world).map(({ sentAt }) => sentAt)
    expect(times.length).toBeGreaterThan(4)
    expect(times.slice(1).every((at, index) => at - (times[index] ?? 0) >= 250)).toBe(true)
  })

  test('is reported at growing intervals, so that a long job does not become expensive', async () => {
    const world = silentWorld()
    await world.until(eager(world).enqueue(5 * 60_000))
    await world.until(world.runner().run())
    expect(reports(world).length).toBeLessThan(100)
  })

  test('is in the record while the job runs', async () => {
    const world = silentWorld()
    const job = await world.until(eager(world).enqueue(2_000))
    const report = world.runner().run()
    await world.clock.advance(1_000)
    const { progress } = await world.record(job.id)
    expect(progress).toMatchObject({ message: 'working' })
    expect(progress?.value).toBeGreaterThan(0.2)
    await world.until(report)
  })

  test('does not keep the runner spinning while the ledger is slow to answer', async () => {
    const world = silentWorld()
    const job = await world.until(eager(world).enqueue(9_000))
    const invocation = world.invocation()
    let count = 0
    world.ledger().fault = (verb) => (verb === 'sync' && ++count === 2 ? { when: 'late', ms: 8_000 } : undefined)
    await world.until(world.runner(0, {}, invocation).run())
    expect(invocation.sleeps).toBeLessThan(1_200)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })
})
