import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { NonRetryableError, snooze } from '../../../src/engine/task/handler-outcomes.ts'
import type { RetryOptions } from '../../../src/engine/task/retry.ts'
import { World } from '../world.ts'

/** A world with a task whose handler does what the test says. */
function greeting(run: (name: string, attempt: number) => unknown, retry: RetryOptions = {}) {
  const world = new World()
  const failed: unknown[] = []
  const task = world.task({
    name: 'greet',
    input: z.string(),
    retry,
    run: async (name, { attempt }) => run(name, attempt),
    onFailed: (_, { job, error }) => {
      failed.push({ attempt: job.attempt, reason: job.reason, message: error.message })
    },
  })
  return { world, task, failed }
}

describe('background', () => {
  test('that succeeds writes nothing and calls no ledger', async () => {
    const ran: string[] = []
    const { world, task } = greeting((name) => ran.push(name))
    await world.until(task.background('ann'))
    await world.clock.advance(60_000)
    expect(ran).toEqual(['ann'])
    expect(world.ledger().calls).toEqual([])
    expect(world.web.logged).toEqual([])
    expect(world.web.timers).toBe(0)
  })

  test('answers before the work starts', async () => {
    const ran: string[] = []
    const { world, task } = greeting((name) => ran.push(name))
    await task.background('ann')
    expect(ran).toEqual([])
    expect(world.web.unfinished).toBe(1)
    await world.clock.advance(1)
    expect(ran).toEqual(['ann'])
    expect(world.web.unfinished).toBe(0)
  })

  test('refuses invalid input before the work starts', async () => {
    const { world, task } = greeting(() => {})
    await expect(world.until(task.background(7 as unknown as string))).rejects.toMatchObject({ code: 'invalid-input' })
    expect(world.web.unfinished).toBe(0)
  })

  test('uses the input as it is at the call', async () => {
    const world = new World()
    const seen: unknown[] = []
    const task = world.task({ name: 'greet', input: z.object({ name: z.string() }), run: (input) => seen.push(input) })
    const input = { name: 'ann' }
    const accepted = task.background(input)
    input.name = 'bob'
    await accepted
    input.name = 'eve'
    await world.clock.advance(1)
    expect(seen).toEqual([{ name: 'ann' }])
  })

  test('starts the tasks of a request in order, and none fails another', async () => {
    const ran: string[] = []
    const { world, task } = greeting((name, attempt) => {
      ran.push(`${name} ${attempt}`)
      if (name === 'bob' && attempt === 1) throw new Error('no')
    })
    const all = Promise.all(['ann', 'bob', 'eve'].map((name) => task.background(name)))
    await world.until(all)
    await world.clock.advance(1)
    expect(ran).toEqual(['ann 1', 'bob 1', 'eve 1'])
    await world.untilFinal()
    expect(ran).toEqual(['ann 1', 'bob 1', 'eve 1', 'bob 2'])
    expect(world.web.uncaught).toEqual([])
  })
})

describe('background work that throws', () => {
  test('is recorded as retrying with that attempt counted, and retried by a consumer', async () => {
    const { world, task } = greeting(
      (_, attempt) => {
        if (attempt === 1) throw new Error('smtp is away')
        return `attempt ${attempt}`
      },
      { delay: '10s', jitter: 'none' },
    )
    await world.until(task.background('ann', { tags: ['mail'] }))
    await world.clock.advance(1_000)
    const id = world.jobs()[0]?.id ?? ''
    expect(await world.record(id)).toMatchObject({
      state: 'retrying',
      attempt: 1,
      tags: ['mail'],
      input: 'ann',
      error: { message: 'smtp is away' },
      history: [{ attempt: 1, outcome: 'failed' }],
    })
    expect(world.consumers).toHaveLength(0)
    await world.untilFinal()
    expect(await world.record(id)).toMatchObject({ state: 'completed', attempt: 2, output: 'attempt 2' })
    expect(world.consumers).toHaveLength(1)
  })

  test('for good is recorded as failed, and onFailed runs', async () => {
    const { world, task, failed } = greeting(() => {
      throw new NonRetryableError('no such address')
    })
    await world.until(task.background('ann'))
    await world.clock.advance(5_000)
    expect(world.jobs().map(({ task: name, state }) => [name, state])).toEqual([
      ['greet', 'failed'],
      ['greet/onFailed', 'completed'],
    ])
    expect(failed).toEqual([{ attempt: 1, reason: 'rejected', message: 'no such address' }])
  })

  test('in its only attempt is exhausted, and onFailed runs', async () => {
    const { world, task, failed } = greeting(
      () => {
        throw new Error('no')
      },
      { maxAttempts: 1 },
    )
    await world.until(task.background('ann'))
    await world.clock.advance(5_000)
    expect(failed).toEqual([{ attempt: 1, reason: 'exhausted', message: 'no' }])
  })

  test('never has more attempts than its task allows', async () => {
    let ran = 0
    const { world, task } = greeting(
      () => {
        ran++
        throw new Error('no')
      },
      { maxAttempts: 3 },
    )
    await world.until(task.background('ann'))
    await world.clock.advance(1)
    await world.untilFinal()
    expect(ran).toBe(3)
  })

  test('is logged once', async () => {
    const { world, task } = greeting((_, attempt) => {
      if (attempt === 1) throw new Error('no')
    })
    await world.until(task.background('ann'))
    await world.clock.advance(10)
    expect(world.web.events('attempt')).toMatchObject([{ outcome: 'failed', tier: 'background', attempt: 1 }])
  })
})

test('background work that snoozes is recorded as scheduled and uses no attempt', async () => {
  const { world, task } = greeting((_, attempt) => (world.jobs().length === 0 ? snooze('1m') : attempt))
  await world.until(task.background('ann'))
  await world.clock.advance(1_000)
  expect(world.jobs()).toMatchObject([{ state: 'scheduled', attempt: 0 }])
  await world.clock.advance(62_000)
  expect(world.jobs()).toMatchObject([{ state: 'completed', attempt: 1 }])
})

describe('a failure in the background', () => {
  test('is recorded under one id when the first answer is lost', async () => {
    const { world, task } = greeting((_, attempt) => {
      if (attempt === 1) throw new Error('no')
    })
    let count = 0
    world.ledger().fault = (verb) =>
      verb === 'enqueue' && ++count < 3 ? { when: 'after', error: new Error('strange') } : undefined
    await world.until(task.background('ann'))
    await world.clock.advance(1_000)
    await world.untilFinal()
    expect(world.jobs()).toMatchObject([{ state: 'completed', attempt: 2 }])
    expect(world.web.events('background-not-recorded')).toHaveLength(2)
  })

  test('is logged when it cannot be recorded, and nothing throws', async () => {
    const { world, task } = greeting(() => {
      throw new Error('no')
    })
    world.ledger().fault = () => ({ when: 'before', error: new Error('strange') })
    await world.until(task.background('ann'))
    await world.clock.advance(60_000)
    expect(world.web.events('background-not-recorded').map(({ tried }) => tried)).toEqual([1, 2, 3])
    expect(world.web.uncaught).toEqual([])
  })
})
