/**
 * A run in which isolates often reach no ledger for longer than a lease, and little else goes wrong. A lapsed attempt
 * that is still alive matters only when several rare things happen together. In runs with all faults that is one seed in
 * thousands, and a check that is reached so rarely proves little.
 */
import type { Dice } from '../../src/testing/chance.ts'
import { noFaults } from './faults.ts'
import type { Mood } from './moods.ts'
import type { JobPlan, Plan } from './plan.ts'
import { noRulesPlan } from './plan-rules.ts'

const lasting: readonly Mood[] = ['stubborn', 'stubborn', 'long', 'ok']
const brief: readonly Mood[] = ['ok', 'long']
const keys = 20

export function inSilence(plan: Plan, dice: Dice): Plan {
  const stormMs = 240_000
  const isKeyed = dice.happens(0.5)
  return {
    ...plan,
    stormMs,
    concurrency: 10,
    jobsMax: 500,
    // With one consumer, the attempt that lapsed is renewed before another one begins. With several, another begins beside it.
    consumersMax: isKeyed ? 1 : dice.one([2, 10]),
    sizes: {},
    bytesFactor: 1,
    faults: {
      ...noFaults,
      silentEveryMs: dice.between(10_000, 60_000),
      ...(isKeyed && { wakeUpLost: 0.7, rpcSlow: 0.3 }),
    },
    jobs: isKeyed ? keyedJobs(dice) : Array.from({ length: 20 }, (_, n) => lastingJob(dice, n, stormMs)),
    rules: noRulesPlan,
  }
}

function lastingJob(dice: Dice, n: number, stormMs: number): JobPlan {
  return {
    n,
    atMs: dice.between(0, stormMs),
    task: 'draw',
    tier: 'enqueue',
    moods: [dice.one(lasting)],
    partition: 'p0',
  }
}

/** Each key is called once, and again when the attempt may have lapsed: an earlier call would make another job. */
function keyedJobs(dice: Dice): JobPlan[] {
  return Array.from({ length: keys }, (_, key) => {
    const atMs = dice.between(0, 120_000)
    const again = Array.from({ length: 3 }, () => atMs + dice.between(30_000, 120_000))
    return [atMs, ...again].map(
      (at, call): JobPlan => ({
        n: key * 4 + call,
        atMs: at,
        task: 'plain',
        tier: 'enqueue',
        moods: [dice.one(brief)],
        unique: { key: `m${key}`, rerun: true },
        partition: 'p0',
      }),
    )
  }).flat()
}
