import { describe, expect, test } from 'vitest'
import { logCharsMax, logLinesMax, progressCharsMax } from '../../../src/engine/task/bounds.ts'
import type { RunContext } from '../../../src/engine/task/task.ts'
import { claimed, OneAttempt } from './one-attempt.ts'

async function contextOf(): Promise<RunContext> {
  let context: RunContext | undefined
  await new OneAttempt((_, given) => {
    context = given
  }).result()
  return context as RunContext
}

describe('a handler is told', () => {
  test('its input, as the schema gives it', async () => {
    let got: unknown
    await new OneAttempt(
      (input) => {
        got = input
      },
      {},
      { input: '{"userId":7,"unknown":true}' },
    ).result()
    expect(got).toEqual({ userId: 7 })
  })

  test('the bindings, its job and the number of the attempt', async () => {
    const { env, job, attempt } = await contextOf()
    const { id, task, maxAttempts, priority, tags, createdAt } = claimed
    expect(env).toMatchObject({ MARK: 'a binding' })
    expect(job).toEqual({ id, task, maxAttempts, priority, tags, createdAt })
    expect(attempt).toBe(2)
  })

  test('a signal that has not aborted', async () => {
    expect((await contextOf()).signal.aborted).toBe(false)
  })
})

describe('progress', () => {
  test.each([
    [0.5, 0.5],
    [-1, 0],
    [7, 1],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 1],
    ['a lot' as unknown as number, 0],
  ])('of %d is reported as %d', async (value, reported) => {
    const one = new OneAttempt((_, { progress }) => progress(value))
    await one.result()
    expect(one.attempt.takeProgress()).toEqual({ value: reported })
    expect(one.progressReports).toBe(1)
  })

  test('has a message of bounded length', async () => {
    const one = new OneAttempt((_, { progress }) => progress(0.5, 'x'.repeat(1_000)))
    await one.result()
    expect(one.attempt.takeProgress()).toEqual({ value: 0.5, message: 'x'.repeat(progressCharsMax) })
  })

  test('is reported once, and only the newest', async () => {
    const one = new OneAttempt((_, { progress }) => {
      progress(0.1)
      progress(0.2)
    })
    await one.result()
    expect(one.attempt.hasProgress).toBe(true)
    expect(one.attempt.takeProgress()).toEqual({ value: 0.2 })
    expect(one.attempt.takeProgress()).toBeUndefined()
  })
})

describe('log', () => {
  test('keeps lines with their time, cut to their length', async () => {
    const one: OneAttempt = new OneAttempt(async (_, { log }) => {
      await one.clock.sleep(1_000)
      log('x'.repeat(logCharsMax + 1))
    })
    const begun = one.clock.now
    expect((await one.result()).log).toEqual([{ at: begun + 1_000, message: 'x'.repeat(logCharsMax) }])
  })

  test('keeps a hundred lines, and then one that says that lines were dropped', async () => {
    const one = new OneAttempt((_, { log }) => {
      for (let line = 0; line < 1_000; line++) log(`line ${line}`)
    })
    const { log } = await one.result()
    expect(log).toHaveLength(logLinesMax + 1)
    expect(log.at(-2)?.message).toBe('line 99')
    expect(log.at(-1)?.message).toBe('further lines were dropped: an attempt may log 100')
  })

  test('is kept of an attempt that failed', async () => {
    const { log } = await new OneAttempt((_, { log }) => {
      log('so far so good')
      throw new Error('no')
    }).result()
    expect(log.map(({ message }) => message)).toEqual(['so far so good'])
  })
})
