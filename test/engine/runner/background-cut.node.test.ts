import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { World } from '../world.ts'

/** When the platform cuts work after a response. */
const cutMs = 30_000

/** A world with a task that ignores its signal and takes its time, the first time; after that it is quick. */
function slow(takesMs: number) {
  const world = new World()
  const seen = { runs: [] as number[], abortedAtMs: undefined as number | undefined }
  const begun = world.clock.now
  const task = world.task({
    name: 'slow',
    input: z.string(),
    run: async (_, { attempt, signal }) => {
      seen.runs.push(attempt)
      signal.addEventListener('abort', () => {
        seen.abortedAtMs = world.clock.now - begun
      })
      if (attempt === 1) await world.clock.sleep(takesMs)
      return `attempt ${attempt}`
    },
  })
  return { world, task, seen }
}

/** A background task started so late in its request that it meets the cut. */
async function handedOver(takesMs: number, startedAtMs = 10_000) {
  const { world, task, seen } = slow(takesMs)
  const starter = world.task({
    name: 'starter',
    input: z.string(),
    run: async () => {
      await world.clock.sleep(startedAtMs)
      await task.background('ann')
    },
  })
  await world.until(starter.background('go'))
  await world.clock.advance(cutMs - 2_500)
  return { world, seen }
}

describe('background work that is not done shortly before the cut', () => {
  test('is recorded as running, and its signal aborts', async () => {
    const { world, seen } = await handedOver(60_000)
    expect(world.jobs()).toMatchObject([{ task: 'slow', state: 'running', attempt: 1 }])
    expect(seen.abortedAtMs).toBeGreaterThanOrEqual(cutMs - 3_100)
    expect(seen.abortedAtMs).toBeLessThan(cutMs - 2_900)
  })

  test('is settled by a late success', async () => {
    const { world, seen } = await handedOver(18_500)
    await world.clock.advance(2_000)
    expect(world.jobs()).toMatchObject([{ state: 'completed', attempt: 1 }])
    await world.clock.advance(60_000)
    expect(seen.runs).toEqual([1])
    expect(world.web.uncaught).toEqual([])
  })

  test('lapses with its invocation a little after the cut, and is retried by a consumer', async () => {
    const { world, seen } = await handedOver(60_000)
    await world.clock.advance(2_500)
    world.web.die()
    await world.clock.advance(2_500)
    expect(world.jobs()).toMatchObject([{ state: 'running' }])
    await world.clock.advance(2_500)
    expect(world.jobs()).toMatchObject([{ state: 'completed', attempt: 2 }])
    expect(seen.runs).toEqual([1, 2])
  })

  test('is retried when it fails by its signal', async () => {
    const world = new World()
    const task = world.task({
      name: 'polite',
      input: z.string(),
      retry: { delay: '10s', jitter: 'none' },
      run: async (_, { attempt, signal }) => {
        if (attempt > 1) return
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      },
    })
    await world.web.withCutAt(world.clock.now + 10_000, () => world.until(task.background('ann')))
    await world.clock.advance(7_500)
    expect(world.jobs()).toMatchObject([{ state: 'retrying', attempt: 1 }])
    await world.untilFinal()
    expect(world.jobs()).toMatchObject([{ state: 'completed', attempt: 2 }])
  })

  test('lapses when its end cannot be reported', async () => {
    const { world } = await handedOver(18_500)
    world.ledger().fault = (verb, request) =>
      verb === 'sync' && (request as { seq: number }).seq === 2
        ? { when: 'before', error: new Error('away') }
        : undefined
    await world.clock.advance(2_000)
    world.ledger().fault = () => undefined
    expect(world.web.uncaught).toEqual([])
    await world.untilFinal()
    expect(world.jobs()).toMatchObject([{ state: 'completed', attempt: 2 }])
  })
})

describe('the cut', () => {
  test('is that of the request: work that background work starts late gets no thirty seconds of its own', async () => {
    const { seen } = await handedOver(60_000, 15_000)
    expect(seen.abortedAtMs).toBeLessThan(cutMs - 2_900)
  })

  test('that is near makes the work be recorded at its start', async () => {
    const { world } = await handedOver(60_000, 24_900)
    await world.clock.advance(2_500)
    world.web.die()
    await world.untilFinal()
    expect(world.jobs()).toMatchObject([{ state: 'completed', attempt: 2 }])
  })

  test('of one request is not that of another', async () => {
    const { world, task, seen } = slow(24_000)
    await world.clock.advance(20_000)
    await world.until(task.background('ann'))
    await world.clock.advance(25_000)
    expect(seen.runs).toEqual([1])
    expect(seen.abortedAtMs).toBeUndefined()
    expect(world.ledger().calls).toEqual([])
  })
})
