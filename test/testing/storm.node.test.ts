import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { NonRetryableError, snooze } from '../../src/engine/task/handler-outcomes.ts'
import { isFinal, type JobRecord } from '../../src/engine/task/job.ts'
import type { RunContext } from '../../src/engine/task/task.ts'
import { NodeWorld } from '../../src/testing/node-world.ts'
import { LiveAttempts } from './live-attempts.ts'
import { Storm } from './storm.ts'

const jobCount = 200
const stormMs = 120_000
/** Within this time after the last fault every job is final, since every wait is short. */
const calmMs = 5 * 60_000

/** A handler that does anything a handler can do, by chance. */
async function moody({ chance, clock }: NodeWorld, n: number, { signal, progress }: RunContext) {
  const mood = chance.random()
  if (mood < 0.05) return snooze('2s')
  if (mood < 0.1) await new Promise(() => {})
  const steps = chance.between(1, 5)
  for (let step = 1; step <= steps && !signal.aborted; step++) {
    await clock.sleep(chance.happens(0.1) ? 5_000 : chance.between(0, 300))
    progress(step / steps)
  }
  if (mood < 0.15) throw new NonRetryableError('never')
  if (mood < 0.35) throw new Error('not now')
  return n
}

/** Enqueues two hundred jobs of all kinds in a storm. Returns which were accepted and how each ended. */
async function weathered(seed: number) {
  const world = new NodeWorld({ seed, shards: 4, directStart: seed % 2 === 0 })
  const { chance, clock } = world
  const live = new LiveAttempts()
  const tasks = [1, 2, 5].map((maxAttempts) =>
    world.task({
      name: `tries-${maxAttempts}`,
      input: z.number(),
      retry: { maxAttempts, maxDelay: '5s' },
      timeout: '20s',
      run: (n, context) => live.watch(context, () => moody(world, n, context)),
      onFailed: () => {},
    }),
  )
  const storm = new Storm(world)
  const accepted: string[] = []
  for (let n = 0; n < jobCount; n++) {
    const task = tasks[n % tasks.length] as (typeof tasks)[number]
    const options = {
      ...(chance.happens(0.3) && { idempotencyKey: `key-${n}` }),
      ...(chance.happens(0.2) && { delay: chance.between(1, 30_000) }),
      ...(chance.happens(0.2) && { priority: chance.between(-5, 5) }),
    }
    if (chance.happens(0.1)) void task.background(n)
    else
      void task.enqueue(n, options).then(
        ({ id }) => accepted.push(id),
        () => {},
      )
    if (chance.happens(0.1) && accepted.length > 0) {
      void world.chard.jobs.cancel(accepted[Math.floor(chance.random() * accepted.length)] as string).catch(() => {})
    }
    await clock.advance(chance.between(0, (2 * stormMs) / jobCount))
  }
  storm.pass()
  const passedAt = clock.now
  await world.untilFinal()
  const tookMs = clock.now - passedAt
  await world.untilQuiet()
  const records: JobRecord[] = []
  for (const { id } of world.jobs()) records.push(await world.record(id))
  return { world, accepted, records, tookMs, doubled: live.doubled }
}

describe.each([1, 2, 3, 4, 5, 6])('in a storm of seed %i', (seed) => {
  test('no job is lost, none has too many attempts, and all become final', async () => {
    const { world, accepted, records, tookMs, doubled } = await weathered(seed)
    const ids = new Set(records.map(({ id }) => id))
    expect(accepted.length).toBeGreaterThan(jobCount / 2)
    expect(accepted.filter((id) => !ids.has(id))).toEqual([])
    expect(records.filter(({ state }) => !isFinal(state))).toEqual([])
    expect(records.filter(({ attempt, maxAttempts }) => attempt > maxAttempts)).toEqual([])
    expect(doubled).toEqual([])
    expect(tookMs).toBeLessThan(calmMs)
    for (const { state, reason, attempt, maxAttempts, history, output, input } of records) {
      const successes = history.filter(({ outcome }) => outcome === 'completed')
      expect(successes).toHaveLength(state === 'completed' ? 1 : 0)
      if (state === 'completed' && typeof input === 'number') expect(output).toBe(input)
      if (reason === 'exhausted' || reason === 'crashed') expect(attempt).toBe(maxAttempts)
    }
    const { states } = await world.until(world.chard.stats.overview())
    const counted = Map.groupBy(records, ({ state }) => state)
    for (const [state, count] of Object.entries(states))
      expect([state, count]).toEqual([state, counted.get(state as never)?.length ?? 0])
    expect(world.ledgers.map(({ openCalls, timers }) => openCalls + timers)).toEqual([0, 0, 0, 0])
    expect([world.web, ...world.consumers].flatMap(({ uncaught }) => uncaught)).toEqual([])
  })
})
