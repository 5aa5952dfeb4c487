import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Decision, decide, firstStart, type Holder } from '../../../../src/engine/ledger/domain/unique.ts'
import { claimability, isFinal, type JobState, jobStates } from '../../../../src/engine/task/states.ts'
import type { UniqueRule } from '../../../../src/engine/task/unique.ts'

const now = 1_900_000_000_000

const kept: UniqueRule = { kind: 'kept' }
const finished: UniqueRule = { kind: 'finished' }
const window: UniqueRule = { kind: 'window', ms: 1_000 }
const debounce: UniqueRule = { kind: 'debounce', ms: 1_000 }
const waitsAtMost: UniqueRule = { kind: 'debounce', ms: 1_000, maxWaitMs: 5_000 }
const throttle: UniqueRule = { kind: 'throttle', ms: 1_000 }
const rerun: UniqueRule = { kind: 'rerun' }

/** A job that holds the key, made 400 ms ago. */
function holder(state: JobState, more: Partial<Holder> = {}): Holder {
  const untouched = { cancelling: 0, notBefore: null, after: null, startedAt: null, keyStartedAt: null, dueAt: null }
  return { ...untouched, state, createdAt: now - 400, ...more }
}
const queued = holder('queued')
const resting = holder('scheduled', { dueAt: now + 600 })
const running = holder('running', { startedAt: now - 300 })
const cancelling = { ...running, cancelling: 1 }
const retrying = holder('retrying', { startedAt: now - 300, dueAt: now + 700 })
const done = holder('completed', { startedAt: now - 300 })
const never = holder('cancelled')

type Line = [held: Holder, decision: Decision, because: string]

const join: Decision = { do: 'join' }
const renew = (dueAt?: number): Decision => ({ do: 'renew', dueAt })
const follow = (notBefore: number): Decision => ({ do: 'follow', notBefore })
const anew = (notBefore: number): Decision => ({ do: 'new', notBefore })

const table: readonly (readonly [rule: UniqueRule, lines: Line[]])[] = [
  [
    kept,
    [
      [queued, join, 'the key has a job'],
      [resting, join, 'it does not matter what the job waits for'],
      [running, join, 'it does not matter that the job runs'],
      [cancelling, join, 'it does not matter that the job is being cancelled'],
      [retrying, join, 'it does not matter that an attempt has failed'],
      [done, join, 'it does not matter that the job has ended'],
      [{ ...done, createdAt: 0 }, join, 'the key holds for as long as its job is kept'],
    ],
  ],
  [
    finished,
    [
      [queued, join, 'it has not finished'],
      [resting, join, 'it has not finished, and will run'],
      [running, join, 'it is running'],
      [retrying, join, 'it will run again'],
      [cancelling, follow(now), 'it will not do what this call asks for, and must end first'],
      [done, anew(now), 'it has finished'],
      [never, anew(now), 'a cancelled job has finished too'],
    ],
  ],
  [
    window,
    [
      [queued, join, 'it was made within the window'],
      [running, join, 'within the window it does not matter that it runs'],
      [cancelling, join, 'within the window it does not matter that it is being cancelled'],
      [done, join, 'within the window it does not matter that it has ended'],
      [never, join, 'within the window it does not matter that it never started'],
      [{ ...queued, createdAt: now - 999 }, join, 'the window is not over'],
      [{ ...queued, createdAt: now - 1_000 }, anew(now), 'the window is over, although the job still waits'],
      [{ ...running, createdAt: now - 1_000 }, anew(now), 'the window is over, although the job still runs'],
      [{ ...done, createdAt: now - 1_000 }, anew(now), 'the window is over, and the job has ended'],
    ],
  ],
  [
    debounce,
    [
      [resting, renew(now + 1_000), 'a new call begins its quiet time again'],
      [queued, renew(), 'its quiet time is over, and it waits only for a runner'],
      [{ ...resting, dueAt: now }, renew(), 'its quiet time ends now'],
      [retrying, renew(), 'its quiet time is over, and it waits for its next attempt'],
      [{ ...resting, startedAt: now - 300 }, renew(), 'its quiet time is over, and an attempt of it has set its time'],
      [running, follow(now + 1_000), 'the input came too late for the running attempt'],
      [cancelling, follow(now + 1_000), 'a job that is being cancelled counts as running'],
      [done, anew(now + 1_000), 'the next job begins with a quiet time'],
      [never, anew(now + 1_000), 'it does not matter whether the holder ran'],
      [
        { ...resting, after: '3-01', notBefore: now + 600 },
        renew(now + 1_000),
        'a job that waits for another one has a quiet time too',
      ],
      [{ ...resting, after: '3-01', notBefore: now }, renew(), 'its quiet time may end while the other job runs'],
      [
        { ...resting, after: '3-01', notBefore: now, dueAt: now + 900_000 },
        renew(),
        'its due time is only its next check here, and not the end of its quiet time',
      ],
    ],
  ],
  [
    waitsAtMost,
    [
      [resting, renew(now + 1_000), 'its longest wait is not over'],
      [
        { ...resting, createdAt: now - 4_500 },
        renew(now + 500),
        'it starts five seconds after the first call at the latest',
      ],
      [{ ...resting, createdAt: now - 5_000 }, renew(now), 'its longest wait ends now'],
      [{ ...resting, createdAt: now - 9_000 }, renew(now), 'its longest wait is over'],
      [{ ...running, createdAt: now - 9_000 }, follow(now + 1_000), 'the next job has a first call of its own'],
    ],
  ],
  [
    throttle,
    [
      [queued, renew(), 'it has not started, and takes the newest input'],
      [resting, renew(), 'its time is fixed by the start before it'],
      [retrying, renew(), 'it starts again with the newest input'],
      [running, follow(now + 700), 'the next job starts one window after its start'],
      [{ ...running, startedAt: now - 5_000 }, follow(now), 'the window is over, and the next job starts at its end'],
      [cancelling, follow(now + 700), 'its start counts, even though it is being cancelled'],
      [done, anew(now + 700), 'the window counts from its start'],
      [{ ...done, startedAt: now - 1_000 }, anew(now), 'the window is over'],
      [never, anew(now), 'it never started, and does not count'],
      [{ ...never, keyStartedAt: now - 300 }, anew(now + 700), 'the start before it still counts'],
      [{ ...done, keyStartedAt: now - 900 }, anew(now + 700), 'only the newest start counts'],
    ],
  ],
  [
    rerun,
    [
      [queued, renew(), 'it will run with the newest input'],
      [resting, renew(), 'it will run at its time, with the newest input'],
      [retrying, renew(), 'its next attempt takes the newest input'],
      [running, follow(now), 'one more run follows'],
      [cancelling, follow(now), 'one more run follows the cancelled one too'],
      [done, anew(now), 'no job of the key is running'],
      [never, anew(now), 'no job of the key has run'],
    ],
  ],
]

describe.each(table)('the rule %j', (rule, lines) => {
  test.each(lines)('for a key held by %j decides %j, because %s', (held, decision) => {
    expect(decide(rule, held, true, now)).toEqual(decision)
  })

  test('compares the inputs only if its kind is kept, and then refuses another input', () => {
    for (const [held, decision] of lines)
      expect(decide(rule, held, false, now)).toEqual(rule.kind === 'kept' ? { do: 'refuse' } : decision)
  })
})

const rules = table.map(([rule]) => rule)
const anyHolder: fc.Arbitrary<Holder> = fc.record({
  state: fc.constantFrom(...jobStates),
  createdAt: fc.integer({ min: now - 9_000, max: now + 500 }),
  startedAt: fc.option(fc.integer({ min: now - 9_000, max: now + 500 })),
  dueAt: fc.option(fc.integer({ min: now - 9_000, max: now + 9_000 })),
  cancelling: fc.constantFrom(0, 1),
  keyStartedAt: fc.option(fc.integer({ min: now - 9_000, max: now + 500 })),
  notBefore: fc.option(fc.integer({ min: now - 9_000, max: now + 9_000 })),
  after: fc.option(fc.constant('3-01')),
})

describe('any rule', () => {
  test('starts no job in the past, and renews only waiting jobs', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rules), anyHolder, (rule, held) => {
        const decision = decide(rule, held, true, now)
        if ('notBefore' in decision) expect(decision.notBefore).toBeGreaterThanOrEqual(now)
        if (decision.do === 'renew') {
          expect(claimability(held.state)).not.toBe(false)
          expect(decision.dueAt ?? now).toBeGreaterThanOrEqual(now)
        }
        if (decision.do === 'follow') expect(isFinal(held.state)).toBe(false)
      }),
      { numRuns: 1_000 },
    )
  })

  test.each<[rule: UniqueRule, at: number, because: string]>([
    [kept, now, 'nothing delays the first job'],
    [finished, now, 'nothing delays the first job'],
    [window, now, 'nothing delays the first job'],
    [throttle, now, 'no job of the key has started yet'],
    [rerun, now, 'nothing delays the first job'],
    [debounce, now + 1_000, 'the quiet time follows the first call too'],
    [waitsAtMost, now + 1_000, 'the longest wait is never shorter than the quiet time'],
  ])('such as %j starts the first job of a key at %i, because %s', (rule, at) => {
    expect(firstStart(rule, now)).toBe(at)
  })
})
