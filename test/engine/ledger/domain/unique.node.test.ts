import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Decision, decide, firstStart, type Holder } from '../../../../src/engine/ledger/domain/unique.ts'
import { type JobState, jobStates } from '../../../../src/engine/task/job.ts'
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
      [queued, join, 'the key is known'],
      [resting, join, 'whatever it waits for'],
      [running, join, 'whatever it does'],
      [cancelling, join, 'even if it is to stop'],
      [retrying, join, 'or has failed once'],
      [done, join, 'or has ended'],
      [{ ...done, createdAt: 0 }, join, 'for as long as it is kept'],
    ],
  ],
  [
    finished,
    [
      [queued, join, 'it has not finished'],
      [resting, join, 'it will run'],
      [running, join, 'it runs'],
      [retrying, join, 'it will run again'],
      [cancelling, follow(now), 'it will not do what this call wants done, and must be out of the way'],
      [done, anew(now), 'it has finished'],
      [never, anew(now), 'cancelled is finished too'],
    ],
  ],
  [
    window,
    [
      [queued, join, 'it is of this window'],
      [running, join, 'whatever it does'],
      [cancelling, join, 'even if it is to stop'],
      [done, join, 'or has ended'],
      [never, join, 'or was never started'],
      [{ ...queued, createdAt: now - 999 }, join, 'the window is not over'],
      [{ ...queued, createdAt: now - 1_000 }, anew(now), 'the window is over, though it waits still'],
      [{ ...running, createdAt: now - 1_000 }, anew(now), 'or runs: a window is no lock'],
      [{ ...done, createdAt: now - 1_000 }, anew(now), 'or has ended'],
    ],
  ],
  [
    debounce,
    [
      [resting, renew(now + 1_000), 'calls are not quiet: it rests anew'],
      [queued, renew(), 'its rest is over, it waits for a runner alone'],
      [{ ...resting, dueAt: now }, renew(), 'at this very moment too'],
      [retrying, renew(), 'it rests no more, it waits for its next attempt'],
      [
        { ...resting, startedAt: now - 300 },
        renew(),
        'nor does one that an attempt of it has put off: that attempt has said when it comes',
      ],
      [running, follow(now + 1_000), 'the input came too late for it'],
      [cancelling, follow(now + 1_000), 'a job that is to stop is as one that runs'],
      [done, anew(now + 1_000), 'the next begins with a rest'],
      [never, anew(now + 1_000), 'whether it ran or not'],
      [
        { ...resting, after: '3-01', notBefore: now + 600 },
        renew(now + 1_000),
        'one that waits for another rests all the same',
      ],
      [{ ...resting, after: '3-01', notBefore: now }, renew(), 'and may have rested while the other runs'],
      [
        { ...resting, after: '3-01', notBefore: now, dueAt: now + 900_000 },
        renew(),
        'when it is looked at again says nothing of its rest',
      ],
    ],
  ],
  [
    waitsAtMost,
    [
      [resting, renew(now + 1_000), 'it may wait longer still'],
      [{ ...resting, createdAt: now - 4_500 }, renew(now + 500), 'five seconds after the first call it starts'],
      [{ ...resting, createdAt: now - 5_000 }, renew(now), 'which is now'],
      [{ ...resting, createdAt: now - 9_000 }, renew(now), 'or was'],
      [{ ...running, createdAt: now - 9_000 }, follow(now + 1_000), 'the next one has a first call of its own'],
    ],
  ],
  [
    throttle,
    [
      [queued, renew(), 'it has not started: it takes the input with it'],
      [resting, renew(), 'its time is fixed by the start before it'],
      [retrying, renew(), 'it starts again with the newest input'],
      [running, follow(now + 700), 'a window after its start'],
      [{ ...running, startedAt: now - 5_000 }, follow(now), 'at its end, the window being over'],
      [cancelling, follow(now + 700), 'it has started, whatever becomes of it'],
      [done, anew(now + 700), 'the window counts from its start'],
      [{ ...done, startedAt: now - 1_000 }, anew(now), 'and is over'],
      [never, anew(now), 'it has not started, and does not count'],
      [{ ...never, keyStartedAt: now - 300 }, anew(now + 700), 'but the start before it does'],
      [{ ...done, keyStartedAt: now - 900 }, anew(now + 700), 'until there is a newer one'],
    ],
  ],
  [
    rerun,
    [
      [queued, renew(), 'it will run with the newest input'],
      [resting, renew(), 'at its time'],
      [retrying, renew(), 'its next attempt takes it'],
      [running, follow(now), 'one more run follows'],
      [cancelling, follow(now), 'also when it is to stop'],
      [done, anew(now), 'nothing runs'],
      [never, anew(now), 'nothing ran'],
    ],
  ],
]

describe.each(table)('the rule %j', (rule, lines) => {
  test.each(lines)('of a key held by %j decides %j, because %s', (held, decision) => {
    expect(decide(rule, held, true, now)).toEqual(decision)
  })

  test('asks for the input only as a key that is kept', () => {
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
  test('starts nothing in the past, and renews nothing that does not wait', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rules), anyHolder, (rule, held) => {
        const decision = decide(rule, held, true, now)
        if ('notBefore' in decision) expect(decision.notBefore).toBeGreaterThanOrEqual(now)
        if (decision.do === 'renew') {
          expect(['scheduled', 'queued', 'retrying']).toContain(held.state)
          expect(decision.dueAt ?? now).toBeGreaterThanOrEqual(now)
        }
        if (decision.do === 'follow') expect(held.state).not.toMatch(/completed|failed|cancelled/)
      }),
      { numRuns: 1_000 },
    )
  })

  test.each<[rule: UniqueRule, at: number, because: string]>([
    [kept, now, 'nothing holds it up'],
    [finished, now, 'nothing holds it up'],
    [window, now, 'nothing holds it up'],
    [throttle, now, 'nothing has started yet'],
    [rerun, now, 'nothing holds it up'],
    [debounce, now + 1_000, 'calls may not be quiet yet'],
    [waitsAtMost, now + 1_000, 'the longest wait is never below the rest'],
  ])('%j starts the first job of a key at %i, because %s', (rule, at) => {
    expect(firstStart(rule, now)).toBe(at)
  })
})
