import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChardError } from '../../../src/engine/task/errors.ts'
import {
  defaultRetryPolicy,
  type RetryOptions,
  type RetryPolicy,
  retryDelayMs,
  retryPolicy,
} from '../../../src/engine/task/retry.ts'

const tenYearsMs = 315_619_200_000
const wait = fc.nat(tenYearsMs)
const policies: fc.Arbitrary<RetryPolicy> = fc.record({
  maxAttempts: fc.integer({ min: 1, max: 100 }),
  backoff: fc.oneof(
    fc.constantFrom('exponential' as const, 'linear' as const, 'fixed' as const),
    fc.array(wait, { minLength: 1, maxLength: 100 }),
  ),
  delayMs: fc.oneof(fc.constant(0), wait),
  maxDelayMs: wait,
  jitter: fc.constantFrom('full' as const, 'none' as const),
})
/** Redrives add attempts without a bound, so numbers far beyond a policy's maximum are real. */
const attempts = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100_000 }))
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('retryDelayMs', () => {
  test('is never negative, never above the cap, and always a number', () => {
    fc.assert(
      fc.property(policies, attempts, random, (policy, attempt, chance) => {
        const delayMs = retryDelayMs(policy, attempt, chance)
        expect(delayMs).toBeGreaterThanOrEqual(0)
        expect(delayMs).toBeLessThanOrEqual(policy.maxDelayMs)
        expect(Number.isInteger(delayMs)).toBe(true)
      }),
    )
  })

  test('full jitter stays between nothing and the wait without jitter, in proportion to chance', () => {
    fc.assert(
      fc.property(policies, attempts, random, (policy, attempt, chance) => {
        const plain = retryDelayMs({ ...policy, jitter: 'none' }, attempt, chance)
        expect(retryDelayMs({ ...policy, jitter: 'full' }, attempt, chance)).toBe(Math.floor(plain * chance))
      }),
    )
  })

  test('without jitter the random number has no effect', () => {
    fc.assert(
      fc.property(policies, attempts, random, random, (policy, attempt, one, other) => {
        const plain: RetryPolicy = { ...policy, jitter: 'none' }
        expect(retryDelayMs(plain, attempt, one)).toBe(retryDelayMs(plain, attempt, other))
      }),
    )
  })

  test('without jitter, exponential, linear and fixed waits never shrink from one attempt to the next', () => {
    fc.assert(
      fc.property(policies, attempts, (policy, attempt) => {
        fc.pre(typeof policy.backoff === 'string')
        const plain: RetryPolicy = { ...policy, jitter: 'none' }
        expect(retryDelayMs(plain, attempt + 1, 0)).toBeGreaterThanOrEqual(retryDelayMs(plain, attempt, 0))
      }),
    )
  })

  test('a list is followed and then repeats its last', () => {
    fc.assert(
      fc.property(
        fc.array(wait, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 40 }),
        (waits, attempt) => {
          const policy: RetryPolicy = { ...defaultRetryPolicy, backoff: waits, maxDelayMs: tenYearsMs, jitter: 'none' }
          expect(retryDelayMs(policy, attempt, 0)).toBe(waits[attempt - 1] ?? waits.at(-1))
        },
      ),
    )
  })

  test.each<[options: RetryOptions, delays: number[], because: string]>([
    [{}, [1_000, 2_000, 4_000, 8_000], 'it doubles from one second'],
    [{ delay: '10s' }, [10_000, 20_000, 40_000, 80_000], 'the first wait can be said'],
    [{ maxDelay: '3s' }, [1_000, 2_000, 3_000, 3_000], 'the cap holds'],
    [{ backoff: 'linear', delay: '5s' }, [5_000, 10_000, 15_000, 20_000], 'it grows by the same each time'],
    [{ backoff: 'fixed', delay: '5s' }, [5_000, 5_000, 5_000, 5_000], 'it does not grow'],
    [{ backoff: ['1s', '1m'] }, [1_000, 60_000, 60_000, 60_000], 'the last one is repeated'],
    [{ backoff: ['2h'] }, [3_600_000, 3_600_000, 3_600_000, 3_600_000], 'a list is capped too'],
    [{ delay: 0 }, [0, 0, 0, 0], 'twice nothing is nothing'],
  ])('%j waits %j, because %s', (options, delays) => {
    const policy = retryPolicy({ ...options, jitter: 'none' })
    expect([1, 2, 3, 4].map((attempt) => retryDelayMs(policy, attempt, 0.5))).toEqual(delays)
  })

  test('a wait of zero that is doubled stays zero', () => {
    const policy = retryPolicy({ delay: 0, jitter: 'none' })
    expect(retryDelayMs(policy, 5_000, 0)).toBe(0)
  })
})

describe('retryPolicy', () => {
  test('has defaults for every option', () => {
    expect(retryPolicy()).toEqual(defaultRetryPolicy)
    expect(retryPolicy({})).toEqual({
      maxAttempts: 5,
      backoff: 'exponential',
      delayMs: 1_000,
      maxDelayMs: 3_600_000,
      jitter: 'full',
    })
  })

  test.each<[options: unknown, message: string]>([
    [{ maxAttempts: 0 }, 'retry.maxAttempts is 0; it takes a whole number from 1 to 100'],
    [{ maxAttempts: 101 }, 'retry.maxAttempts is 101; it takes a whole number from 1 to 100'],
    [{ maxAttempts: 1.5 }, 'retry.maxAttempts is 1.5; it takes a whole number from 1 to 100'],
    [{ maxAttempts: Number.NaN }, 'retry.maxAttempts is NaN; it takes a whole number from 1 to 100'],
    [{ maxAttempts: '3' }, 'retry.maxAttempts is 3; it takes a whole number from 1 to 100'],
    [{ maxAttempts: null }, 'retry.maxAttempts is null; it takes a whole number from 1 to 100'],
    [{ jitter: 'half' }, "retry.jitter is \"half\"; it takes 'full' or 'none'"],
    [{ jitter: false }, "retry.jitter is false; it takes 'full' or 'none'"],
    [
      { backoff: 'random' },
      "retry.backoff is \"random\"; it takes 'exponential', 'linear', 'fixed' or a list of 1 to 100 durations",
    ],
    [{ backoff: [] }, "retry.backoff is []; it takes 'exponential', 'linear', 'fixed' or a list of 1 to 100 durations"],
    [{ backoff: 5 }, "retry.backoff is 5; it takes 'exponential', 'linear', 'fixed' or a list of 1 to 100 durations"],
    [{ backoff: ['1s', 'soon'] }, 'retry.backoff[1] is "soon"; it takes milliseconds or a string such as \'30s\''],
    [{ backoff: [-1] }, "retry.backoff[0] is -1; it takes milliseconds or a string such as '30s'"],
    [{ backoff: ['1s'], delay: '1s' }, 'retry.delay has no meaning beside a list of waits; leave one of them out'],
    [{ delay: 'soon' }, 'retry.delay is "soon"; it takes milliseconds or a string such as \'30s\''],
    [{ maxDelay: -1 }, "retry.maxDelay is -1; it takes milliseconds or a string such as '30s'"],
  ])('%j is refused: %s', (options, message) => {
    const checked = () => retryPolicy(options as RetryOptions)
    expect(checked).toThrow(ChardError)
    expect(checked).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(checked).toThrow(message)
  })

  test('a list of more waits than there can be attempts is refused', () => {
    expect(() => retryPolicy({ backoff: Array.from({ length: 101 }, () => 1) })).toThrow('a list of 1 to 100 durations')
  })
})
