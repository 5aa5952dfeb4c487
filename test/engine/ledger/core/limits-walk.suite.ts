/** A property of limits: calls, claims, deaths, restarts and times in any order exceed no limit. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Fleet, overfull } from '../fleet.ts'
import { failed, leaseMs, limited, Rig, runs, type WithStore } from '../rig.ts'

const wholeRate = { limit: 3, perMs: 1_000 }
const eachRate = { limit: 2, perMs: 700 }
const policies = {
  /** Limits of the whole task. */
  send: limited({ rateLimit: { limit: wholeRate.limit, per: wholeRate.perMs }, concurrency: 4 }),
  /** Limits of each partition, and one of the whole task. */
  draw: limited({
    concurrency: 3,
    perPartition: { rateLimit: { limit: eachRate.limit, per: eachRate.perMs }, concurrency: 2 },
  }),
}

type Step =
  | { do: 'enqueue'; task: string; partition: string; count: number; delayMs: number; start: boolean }
  | { do: 'sync'; runner: string; want: number; ends: number; how: 'completed' | 'failed' | 'snoozed' }
  | { do: 'leave'; runner: string }
  | { do: 'die'; runner: string }
  | { do: 'cancel'; nth: number }
  | { do: 'pass'; ms: number; rings: boolean }
  | { do: 'fail'; nth: number; runner: string }
  | { do: 'restart' }

const runner = fc.constantFrom('r1', 'r2', 'r3')
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('enqueue' as const),
      task: fc.constantFrom('send', 'draw', 'free'),
      partition: fc.constantFrom('a', 'b'),
      count: fc.integer({ min: 1, max: 5 }),
      delayMs: fc.constantFrom(0, 0, 0, 400),
      start: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('sync' as const),
      runner,
      want: fc.integer({ min: 0, max: 6 }),
      ends: fc.integer({ min: 0, max: 4 }),
      how: fc.constantFrom('completed' as const, 'completed' as const, 'failed' as const, 'snoozed' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.oneof(fc.integer({ min: 0, max: 1_500 }), fc.constantFrom(leaseMs, 300, 700, 1_000)),
      rings: fc.boolean(),
    }),
  },
  fc.record({ do: fc.constant('leave' as const), runner }),
  fc.record({ do: fc.constant('die' as const), runner }),
  fc.record({ do: fc.constant('cancel' as const), nth: fc.nat(20) }),
  fc.record({ do: fc.constant('fail' as const), nth: fc.integer({ min: 1, max: 12 }), runner }),
  fc.record({ do: fc.constant('restart' as const) }),
)

function perform(rig: Rig, fleet: Fleet, one: Step): void {
  if (one.do === 'restart') rig.restart()
  else if (one.do === 'die') fleet.die(one.runner)
  else if (one.do === 'leave') fleet.sync(one.runner, 0, Infinity, undefined, { done: true })
  else if (one.do === 'pass' && one.rings) rig.passRinging(one.ms)
  else if (one.do === 'pass') rig.pass(one.ms)
  else if (one.do === 'sync') {
    const outcome = { completed: undefined, failed, snoozed: { kind: 'snoozed', forMs: 200 } as const }[one.how]
    fleet.sync(one.runner, one.want, one.ends, outcome)
  } else if (one.do === 'cancel') {
    const rows = rig.rows()
    const row = rows[one.nth % Math.max(1, rows.length)]
    if (row) rig.run('cancel', row.id)
  } else if (one.do === 'fail') {
    rig.failFrom = one.nth
    // A runner whose call failed does not know what the call did, so it is dropped.
    try {
      fleet.sync(one.runner, 3, 1)
    } catch {
      fleet.die(one.runner)
    } finally {
      rig.failFrom = undefined
    }
  } else {
    const { task, partition, count, delayMs, start } = one
    const jobs = Array.from({ length: count }, (_, n) =>
      rig.job({
        task,
        delayMs,
        ...(task === 'draw' && { partition }),
        ...(start && { start: { kind: 'claim' as const, runner: `inline${rig.now}${n}`, leaseMs: 5_000 } }),
      }),
    )
    for (const reply of rig.enqueueAll(jobs)) if ('claimed' in reply && reply.claimed) fleet.began([reply.claimed])
  }
}

export function limitsWalkSuite(withStore: WithStore): void {
  describe('every limit at once', { timeout: 120_000 }, () => {
    test('I7: no window has more starts than its limit, no group more leases than slots, and every job ends', () =>
      fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), async (steps) => {
          await withStore((store) => {
            const rig = new Rig(store, { policies })
            const fleet = new Fleet(rig, ['send', 'draw', 'free'])
            for (const [nth, one] of steps.entries()) {
              perform(rig, fleet, one)
              expect(rig.broken(), `after step ${nth}`).toEqual([])
            }
            fleet.finish()
            expect(rig.broken()).toEqual([])
            expect(overfull(fleet.starts('send'), wholeRate)).toEqual([])
            for (const partition of ['a', 'b'])
              expect(overfull(fleet.starts('draw', partition), eachRate), partition).toEqual([])
          })
        }),
        runs(60),
      ))
  })
}
