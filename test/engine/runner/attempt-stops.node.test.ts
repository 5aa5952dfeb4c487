import { describe, expect, test } from 'vitest'
import type { RunContext } from '../../../src/engine/task/task.ts'
import { OneAttempt } from './one-attempt.ts'

const hangs = () => new Promise<never>(() => {})
const untilAborted = (_: unknown, { signal }: RunContext) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
  })

describe('an attempt past its timeout', () => {
  test('aborts its signal with a TimeoutError', async () => {
    let reason: unknown
    const one = new OneAttempt(async (_, { signal }) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason
      })
      await hangs()
    })
    await one.result()
    expect(reason).toMatchObject({ name: 'TimeoutError', message: expect.stringContaining('10 s') })
  })

  test.each([
    ['hangs', hangs],
    ['ends by its signal', untilAborted],
  ])('fails at its time whether the handler %s or not', async (_, run) => {
    const { outcome, ranMs } = await new OneAttempt(run).result()
    expect(outcome).toMatchObject({ kind: 'failed', error: { name: 'TimeoutError' } })
    expect(ranMs).toBe(10_000)
  })

  test('fails although the handler ignores its signal and returns later', async () => {
    const one = new OneAttempt(() => one.clock.sleep(60_000).then(() => 'late'))
    const { outcome, ranMs } = await one.result()
    expect(outcome.kind).toBe('failed')
    expect(ranMs).toBe(10_000)
  })

  test('fails when it is the schema that hangs', async () => {
    const input = { '~standard': { version: 1 as const, vendor: 'test', validate: hangs } }
    const { outcome } = await new OneAttempt(() => {}, { input }).result()
    expect(outcome).toMatchObject({ kind: 'failed', error: { name: 'TimeoutError' } })
  })

  test('does not run its handler when the schema answers after the timeout', async () => {
    let ran = false
    const validate = (value: unknown) => one.clock.sleep(60_000).then(() => ({ value: value as { userId: number } }))
    const input = { '~standard': { version: 1 as const, vendor: 'test', validate } }
    const one: OneAttempt = new OneAttempt(() => (ran = true), { input })
    await one.result()
    await one.clock.advance(120_000)
    expect(ran).toBe(false)
  })
})

describe('a cancelled attempt', () => {
  test.each([
    {
      does: 'returns',
      afterwards: () => 'done',
      outcome: { kind: 'completed', output: '"done"' },
      afterMs: 0,
      because: 'what is done is done',
    },
    {
      does: 'throws',
      afterwards: () => Promise.reject(new Error('stopped')),
      outcome: { kind: 'cancelled' },
      afterMs: 0,
      because: 'that is how a handler stops',
    },
    {
      does: 'hangs',
      afterwards: hangs,
      outcome: { kind: 'cancelled' },
      afterMs: 5_000,
      because: 'after a grace it is left behind',
    },
  ])('whose handler $does is $outcome.kind: $because', async ({ afterwards, outcome, afterMs }) => {
    const one = new OneAttempt(
      (_, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(afterwards()))
        }),
    )
    const result = one.attempt.run()
    await one.clock.advance(1_000)
    one.attempt.stop('cancelled')
    const ended = await one.clock.until(result)
    expect(ended.outcome).toEqual(outcome)
    expect(ended.ranMs).toBe(1_000 + afterMs)
    expect(one.invocation.timers).toBe(0)
  })

  test('that runs past its timeout as well is cancelled all the same', async () => {
    const one = new OneAttempt(hangs)
    const result = one.attempt.run()
    await one.clock.advance(9_000)
    one.attempt.stop('cancelled')
    expect((await one.clock.until(result)).outcome).toEqual({ kind: 'cancelled' })
  })

  test('stops once, and its signal has the first reason', async () => {
    let reason: unknown
    const one = new OneAttempt(async (_, { signal }) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason
      })
      await hangs()
    })
    const result = one.attempt.run()
    await one.clock.advance(1)
    one.attempt.stop('cancelled')
    one.attempt.stop('lost')
    await one.clock.until(result)
    expect(reason).toMatchObject({ message: 'the job was cancelled' })
  })
})

describe.each(['lost', 'cut'] as const)('an attempt stopped because it is %s', (reason) => {
  test('may still complete', async () => {
    const one = new OneAttempt(() => one.clock.sleep(5_000).then(() => 'done'))
    const result = one.attempt.run()
    await one.clock.advance(1)
    one.attempt.stop(reason)
    expect((await one.clock.until(result)).outcome).toEqual({ kind: 'completed', output: '"done"' })
  })

  test('ends at its timeout when the handler ignores its signal', async () => {
    const one = new OneAttempt(hangs)
    const result = one.attempt.run()
    await one.clock.advance(1)
    one.attempt.stop(reason)
    expect((await one.clock.until(result)).ranMs).toBe(10_000)
  })
})
