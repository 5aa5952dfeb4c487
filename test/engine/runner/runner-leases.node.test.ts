import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { World } from '../world.ts'
import { silentWorld } from '../world.ts'

/** A task that runs for as long as its input says, and tells how often it ran and why its signal aborted. */
function watched(world: World, isPolite: boolean) {
  const seen = { runs: 0, aborts: [] as { atMs: number; message: string }[] }
  const task = world.task({
    name: 'watched',
    input: z.number(),
    timeout: '10m',
    run: async (ms, { signal }) => {
      seen.runs++
      const begun = world.clock.now
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => {
          seen.aborts.push({ atMs: world.clock.now - begun, message: (signal.reason as Error).message })
          if (isPolite) reject(signal.reason)
        })
      })
      await Promise.race([world.clock.sleep(ms), aborted])
      return 'done'
    },
  })
  return { task, seen }
}

/** From now on every sync is lost on its way, until it is put right. */
function cutOff(world: World): () => void {
  const error = new Error('no route')
  world.ledger().fault = (verb) => (verb === 'sync' ? { when: 'before', error } : undefined)
  return () => {
    world.ledger().fault = () => undefined
  }
}

describe('a cancellation', () => {
  test('reaches the handler with the next heartbeat, and the job is cancelled', async () => {
    const world = silentWorld()
    const { task, seen } = watched(world, true)
    const job = await world.until(task.enqueue(60_000))
    const report = world.runner().run()
    await world.clock.advance(3_000)
    await world.until(job.cancel())
    await world.until(report)
    expect(seen.aborts).toMatchObject([{ message: 'the job was cancelled' }])
    expect(Math.round((seen.aborts[0]?.atMs ?? 0) / 1_000)).toBe(10)
    expect(await world.record(job.id)).toMatchObject({ state: 'cancelled', attempt: 1 })
  })

  test('has no effect when the handler completes all the same', async () => {
    const world = silentWorld()
    const { task } = watched(world, false)
    const job = await world.until(task.enqueue(12_000))
    const report = world.runner().run()
    await world.clock.advance(3_000)
    await world.until(job.cancel())
    await world.until(report)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed', output: 'done' })
  })

  test('does not wait for a handler that ignores it', async () => {
    const world = silentWorld()
    const { task } = watched(world, false)
    const job = await world.until(task.enqueue(5 * 60_000))
    const report = world.runner().run()
    await world.until(job.cancel())
    await world.clock.advance(16_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'cancelled' })
    await world.until(report)
  })
})

describe('a lost lease', () => {
  test('aborts the signal, and a failure under it does not count', async () => {
    const world = silentWorld()
    const { task, seen } = watched(world, true)
    const job = await world.until(task.enqueue(60_000))
    const report = world.runner().run()
    await world.clock.advance(15_000)
    const repair = cutOff(world)
    await world.clock.advance(40_000)
    repair()
    world.queue.fate = () => [5]
    await world.until(report)
    await world.untilFinal()
    expect(seen.aborts).toMatchObject([{ message: 'the lease of this attempt was lost' }])
    expect(await world.record(job.id)).toMatchObject({ history: [{ outcome: 'lapsed' }, { outcome: 'completed' }] })
  })

  test('is still settled by a late success while no other attempt has begun', async () => {
    const world = silentWorld()
    const { task, seen } = watched(world, false)
    const job = await world.until(task.enqueue(40_000))
    void world.runner().run()
    await world.clock.advance(5_000)
    const repair = cutOff(world)
    await world.clock.advance(34_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'retrying' })
    await world.clock.advance(1_500)
    repair()
    await world.clock.advance(20_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed', attempt: 1 })
    expect(seen.runs).toBe(1)
  })

  test('of a job that the same runner has claimed again does not stop the new attempt', async () => {
    const world = silentWorld()
    const { task, seen } = watched(world, false)
    const job = await world.until(task.enqueue(100_000))
    const report = world.runner().run()
    await world.clock.advance(15_000)
    const repair = cutOff(world)
    await world.clock.advance(60_000)
    repair()
    await world.until(report)
    expect(seen.runs).toBe(2)
    expect(await world.record(job.id)).toMatchObject({
      state: 'completed',
      attempt: 2,
      history: [{ outcome: 'lapsed' }, { outcome: 'completed' }],
    })
  })

  test('ends an attempt that could not extend its lease, before another one can begin', async () => {
    const world = silentWorld()
    const { task, seen } = watched(world, true)
    await world.until(task.enqueue(60_000))
    const invocation = world.invocation()
    void world.runner(0, {}, invocation).run()
    await world.clock.advance(5_000)
    cutOff(world)
    await world.clock.advance(45_000)
    expect(seen.aborts).toHaveLength(1)
    expect(seen.aborts[0]?.atMs).toBeLessThanOrEqual(30_000)
  })

  test.each([12, 16, 20, 24, 28])(
    'ends an attempt whose claim was answered after %i s, though the runner waits for a silent ledger',
    async (seconds) => {
      const world = silentWorld()
      const { task, seen } = watched(world, true)
      await world.until(task.enqueueMany([100, 8_000]))
      let syncs = 0
      // The second sync claims a third job. Its answer takes a while, and nothing is heard beside it.
      world.ledger().fault = (verb) => {
        if (verb !== 'sync' || ++syncs === 1) return undefined
        return syncs === 2 ? { when: 'late', ms: seconds * 1_000 } : { when: 'before', error: new Error('no route') }
      }
      void world.runner().run()
      await world.clock.advance(5)
      await world.until(task.enqueue(60_000))
      await world.clock.advance(45_000)
      expect(seen.runs).toBe(3)
      expect(seen.aborts).toHaveLength(1)
      expect(seen.aborts[0]?.atMs).toBeLessThanOrEqual((30 - seconds) * 1_000)
    },
  )

  test('never begins a job whose claim is answered after its lease has ended', async () => {
    const world = silentWorld()
    const { task, seen } = watched(world, true)
    const job = await world.until(task.enqueue(1_000))
    world.ledger().fault = (verb) => (verb === 'sync' ? { when: 'late', ms: 30_001 } : undefined)
    void world.runner().run()
    await world.clock.advance(32_000)
    expect(seen.runs).toBe(0)
    world.ledger().fault = () => undefined
    await world.clock.advance(60_000)
    expect(seen.runs).toBe(1)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed', attempt: 1 })
  })
})
