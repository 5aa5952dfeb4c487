import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../src/engine/ledger/protocol/sync.ts'
import { errorCharsMax, outputBytesMax } from '../../../src/engine/task/bounds.ts'
import { ChardError } from '../../../src/engine/task/errors.ts'
import { NonRetryableError, RetryAfterError, snooze } from '../../../src/engine/task/handler-outcomes.ts'
import { OneAttempt } from './one-attempt.ts'

/** What a handler does, what its attempt comes to, and why. */
type Case = [does: string, run: () => unknown, outcome: Partial<Outcome>, because: string]

const throws = (thrown: unknown) => () => {
  throw thrown
}
const rejects = (thrown: unknown) => () => Promise.reject(thrown)
const error = (fields: object) => expect.objectContaining(fields)

const cyclic: { self?: unknown } = {}
cyclic.self = cyclic
const throwingGetters = {
  get name(): string {
    throw new Error('no name for you')
  },
}
const { proxy: revoked, revoke } = Proxy.revocable({}, {})
revoke()

const returns: Case[] = [
  ['an object', () => ({ key: 'a' }), { kind: 'completed', output: '{"key":"a"}' }, 'outputs are stored as JSON'],
  ['null', () => null, { kind: 'completed', output: 'null' }, 'null is a JSON value'],
  ['nothing', () => {}, { kind: 'completed' }, 'undefined is no JSON value: there is no output'],
  ['a function', () => () => 1, { kind: 'completed' }, 'JSON leaves functions out'],
  ['a promise', async () => 7, { kind: 'completed', output: '7' }, 'handlers may be asynchronous'],
  [
    'a cycle',
    () => cyclic,
    { kind: 'rejected', error: error({ name: 'UnstorableOutput' }) },
    'again, it would be one again',
  ],
  [
    'a BigInt',
    () => 1n,
    { kind: 'rejected', error: error({ message: expect.stringContaining('BigInt') }) },
    'JSON has none',
  ],
  ['as much as fits', () => 'x'.repeat(outputBytesMax - 2), { kind: 'completed' }, 'the limit itself is allowed'],
  ['one byte more', () => 'x'.repeat(outputBytesMax - 1), { kind: 'rejected' }, 'a row must fit'],
  [
    'many short characters',
    () => 'é'.repeat(outputBytesMax / 2),
    { kind: 'rejected' },
    'the limit is in bytes, not characters',
  ],
  ['a snooze', () => snooze('90s'), { kind: 'snoozed', forMs: 90_000 }, 'there was nothing to do yet'],
  ['a bad snooze', () => snooze('soon' as '1s'), { kind: 'rejected' }, 'again, it would be as bad'],
]

const failures: Case[] = [
  [
    'an Error',
    throws(new TypeError('broken')),
    { kind: 'failed', error: error({ name: 'TypeError', message: 'broken', stack: expect.any(String) }) },
    'errors are worth a retry',
  ],
  [
    'an Error, later',
    rejects(new Error('broken')),
    { kind: 'failed', error: error({ message: 'broken' }) },
    'a rejection is a throw',
  ],
  [
    'an Error with a code',
    rejects(Object.assign(new Error('no'), { code: 'E_NO' })),
    { kind: 'failed', error: error({ code: 'E_NO' }) },
    'codes say more than messages',
  ],
  [
    'a string',
    throws('oops'),
    { kind: 'failed', error: { name: 'Error', message: 'threw oops' } },
    'anything may be thrown',
  ],
  [
    'undefined',
    throws(undefined),
    { kind: 'failed', error: { name: 'Error', message: 'threw undefined' } },
    'anything may be thrown',
  ],
  [
    'a symbol',
    throws(Symbol('s')),
    { kind: 'failed', error: { name: 'Error', message: 'threw Symbol(s)' } },
    'anything may be thrown',
  ],
  [
    'a plain object',
    throws({ status: 500 }),
    { kind: 'failed', error: { name: 'Error', message: 'threw {"status":500}' } },
    'it is shown as it is',
  ],
  [
    'an object with throwing getters',
    throws(throwingGetters),
    { kind: 'failed', error: error({ message: expect.stringContaining('cannot be looked at') }) },
    'looking must not throw',
  ],
  [
    'a revoked proxy',
    throws(revoked),
    { kind: 'failed', error: error({ message: expect.stringContaining('cannot be looked at') }) },
    'not even asking for its class',
  ],
  [
    'a long message',
    throws(new Error('x'.repeat(10_000))),
    { kind: 'failed', error: error({ message: `${'x'.repeat(errorCharsMax - 1)}…` }) },
    'a row must fit',
  ],
  [
    'NonRetryableError',
    throws(new NonRetryableError('never')),
    { kind: 'rejected', error: error({ name: 'NonRetryableError', message: 'never' }) },
    'the handler said so',
  ],
  [
    'invalid input of another task',
    rejects(new ChardError('invalid-input', 'no')),
    { kind: 'rejected' },
    'the same input stays invalid',
  ],
  [
    'another ChardError',
    rejects(new ChardError('unavailable', 'later')),
    { kind: 'failed' },
    'a ledger that is away comes back',
  ],
  [
    'RetryAfterError, a duration',
    throws(new RetryAfterError('90s')),
    { kind: 'failed', retryAfterMs: 90_000 },
    'the handler knows when',
  ],
  [
    'RetryAfterError, a nonsense',
    throws(new RetryAfterError('soon' as '1s')),
    { kind: 'failed', error: error({ name: 'RetryAfterError' }) },
    'the task’s own backoff is the next best',
  ],
  [
    'RetryAfterError, no date',
    throws(new RetryAfterError(new Date(Number.NaN))),
    { kind: 'failed', error: error({ name: 'RetryAfterError' }) },
    'the task’s own backoff is the next best',
  ],
]

const named = ([does, run, outcome, because]: Case) => ({ does, run, outcome, because })

describe('attempt', () => {
  test.each(returns.map(named))('that returns $does is $outcome.kind: $because', async ({ run, outcome }) => {
    const ended = await new OneAttempt(run).result()
    expect(ended.outcome).toMatchObject(outcome)
  })

  test.each(failures.map(named))('that throws $does is $outcome.kind: $because', async ({ run, outcome }) => {
    const ended = await new OneAttempt(run).result()
    expect(ended.outcome).toMatchObject(outcome)
    if (!('retryAfterMs' in outcome)) expect(ended.outcome).not.toHaveProperty('retryAfterMs')
  })

  test.each([
    ['to come', 60_000, 60_000],
    ['gone by', -60_000, 0],
  ])(
    'that asks to be retried at a moment %s waits %i ms and never less than none',
    async (_, aheadMs, retryAfterMs) => {
      const one: OneAttempt = new OneAttempt(() => {
        throw new RetryAfterError(new Date(one.clock.now + aheadMs))
      })
      expect((await one.result()).outcome).toMatchObject({ kind: 'failed', retryAfterMs })
    },
  )

  test.each([undefined, () => {}, Symbol('s')])('that returns %s has no output', async (value) => {
    expect((await new OneAttempt(() => value).result()).outcome).toEqual({ kind: 'completed' })
  })

  test('of a task that is not served here fails, because another version may serve it', async () => {
    const { outcome } = await new OneAttempt(undefined).result()
    expect(outcome).toMatchObject({ kind: 'failed', error: { name: 'UnknownTask' } })
  })

  test('with input that no longer fits the schema is rejected, and its handler does not run', async () => {
    let ran = false
    const one = new OneAttempt(
      () => {
        ran = true
      },
      {},
      { input: '{"userId":"seven"}' },
    )
    const { outcome } = await one.result()
    expect(outcome).toMatchObject({ kind: 'rejected', error: { message: expect.stringContaining('userId') } })
    expect(ran).toBe(false)
  })

  test('leaves no timer behind', async () => {
    const one = new OneAttempt(() => one.clock.sleep(5_000))
    await one.result()
    expect(one.invocation.timers).toBe(0)
  })

  test('reports how long it ran', async () => {
    const one = new OneAttempt(() => one.clock.sleep(5_000))
    expect((await one.result()).ranMs).toBe(5_000)
  })
})
