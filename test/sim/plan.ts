/**
 * The plan of a run, drawn from its seed before anything happens. It is data, so that it can be shown, and shrunk to what a
 * failure needs. Each run draws which faults are on and how strong they are, so that some runs have few faults often.
 */
import type { LedgerSizes } from '../../src/engine/ledger/domain/sizes.ts'
import type { Unique } from '../../src/engine/task/unique.ts'
import { Dice } from '../../src/testing/chance.ts'
import { type Faults, noFaults } from './faults.ts'
import { type Mood, moods } from './moods.ts'
import { limitedTasks, noRulesPlan, type RulesPlan, type RulesShares, rulesPlanOf, uniqueOf } from './plan-rules.ts'
import { inSilence } from './plan-silence.ts'
import { silentBase, silentShare } from './seeds.ts'

export type Tier = 'enqueue' | 'startNow' | 'background' | 'many'

/** One request to the Worker. */
export interface JobPlan {
  readonly n: number
  readonly atMs: number
  readonly task: string
  readonly tier: Tier
  /** What the handler does at each attempt. The last one is repeated. */
  readonly moods: readonly Mood[]
  readonly key?: string
  readonly delayMs?: number
  readonly priority?: number
  readonly tags?: readonly string[]
  readonly cancelAfterMs?: number
  readonly redriveAfterMs?: number
  /** A redrive has another input. */
  readonly redrivesAnew?: boolean
  readonly unique?: Unique
  readonly partition?: string
  readonly expiresInMs?: number
  readonly update?: { readonly afterMs: number; readonly priority?: number; readonly delayMs?: number }
}

export interface Plan {
  readonly seed: number
  readonly homeShards: number
  /** Shards in use in the new version. */
  readonly shards: number
  readonly stormMs: number
  readonly retentionMs: number
  readonly concurrency: number
  readonly jobsMax: number
  readonly consumersMax: number
  readonly directStart: boolean
  /** Whether a ledger that was idle for ten seconds forgets its memory. */
  readonly hibernates: boolean
  /** Sizes of the engine that are smaller than in production. */
  readonly sizes: Partial<LedgerSizes>
  /** How many times larger a ledger's database looks than it is. Ledgers that are too full prune early. */
  readonly bytesFactor: number
  readonly faults: Faults
  readonly jobs: readonly JobPlan[]
  readonly rules: RulesPlan
}

export const tasks = ['plain', 'draw', 'once', 'brief', 'hooked', 'fresh'] as const
/** Tasks that may run in the isolate of the request. */
const inline: readonly string[] = ['plain', 'once', 'brief', 'hooked']

export function planOf(seed: number): Plan {
  const dice = new Dice(seed, 'silence')
  const isSilent = seed >= silentBase || dice.happens(silentShare)
  return isSilent ? inSilence(swarmPlanOf(seed), dice) : swarmPlanOf(seed)
}

function swarmPlanOf(seed: number): Plan {
  const dice = new Dice(seed, 'plan')
  const homeShards = dice.between(1, 3)
  const stormMs = dice.one([30_000, 60_000, 120_000, 240_000, 900_000])
  return {
    seed,
    homeShards,
    shards: homeShards + (dice.happens(0.3) ? 1 : 0),
    stormMs,
    retentionMs: dice.one([60_000, 300_000, 3_600_000, 7 * 86_400_000]),
    concurrency: dice.one([1, 2, 10]),
    jobsMax: dice.one([5, 30, 500]),
    consumersMax: dice.one([1, 2, 10]),
    directStart: dice.happens(0.6),
    hibernates: dice.happens(0.7),
    sizes: dice.happens(0.6) ? { ...smallSizes(dice), ...smallRulesSizes(new Dice(seed, 'flow sizes')) } : {},
    bytesFactor: dice.happens(0.1) ? 100 : 1,
    faults: swarm(new Dice(seed, 'faults')),
    // The names of streams stay as they are: another name would be another history of every seed.
    ...ofRules(new Dice(seed, 'flow'), stormMs, jobsOf(new Dice(seed, 'jobs'), stormMs)),
  }
}

const keyedEveryMs = 60_000
const keyedWithinMs = 12_000

/** Half of the runs have limits, schedules and operators. */
function ofRules(dice: Dice, stormMs: number, jobs: readonly JobPlan[]): Pick<Plan, 'rules' | 'jobs'> {
  if (dice.happens(0.5)) return { rules: noRulesPlan, jobs }
  const { rules, shares } = rulesPlanOf(dice, stormMs)
  return { rules, jobs: jobs.map((job) => underRules(dice, job, shares)) }
}

/** A job of such a run. */
function underRules(dice: Dice, job: JobPlan, shares: RulesShares): JobPlan {
  const { key: _, delayMs, ...plain } = job
  const isLimited = dice.happens(shares.limited)
  const unique = dice.happens(shares.unique) && (job.tier === 'enqueue' || job.tier === 'startNow') && uniqueOf(dice)
  const isWaiting = unique && unique.unique !== undefined && Object.keys(unique.unique).length > 1
  const task = unique ? dice.one(['plain', 'tenant']) : isLimited ? dice.one(limitedTasks) : job.task
  return {
    ...(unique ? { ...plain, ...unique, tier: 'enqueue' as const } : job),
    task,
    // Calls with keys come close together. Otherwise none of them would meet another.
    ...(unique && { atMs: Math.floor(job.atMs / keyedEveryMs) * keyedEveryMs + (job.atMs % keyedWithinMs) }),
    ...(unique && !isWaiting && delayMs !== undefined && { delayMs }),
    partition: unique ? 'p0' : shares.hog && dice.happens(0.7) ? 'p0' : `p${dice.between(0, 3)}`,
    ...(dice.happens(shares.expiring) && { expiresInMs: (job.delayMs ?? 0) + dice.between(7_001, 30_000) }),
    ...(dice.happens(shares.updated) && {
      update: {
        afterMs: dice.between(0, 10_000),
        ...(dice.happens(0.5) ? { priority: dice.between(-3, 3) } : { delayMs: dice.between(0, 20_000) }),
      },
    }),
    ...(dice.happens(0.3) && { redrivesAnew: true }),
  }
}

function smallSizes(dice: Dice): Partial<LedgerSizes> {
  return {
    finishedAboveMax: dice.one([2, 8, 32]),
    stragglersMax: dice.one([1, 3]),
    maintenanceSlice: dice.one([1, 3, 500]),
    ...(dice.happens(0.5) && { readyMax: dice.one([3, 8]), loadSlice: dice.one([2, 5]) }),
    ...(dice.happens(0.5) && {
      activationReadyMax: dice.one([0, 2, 6]),
      laneJobsMin: dice.one([1, 2, 4]),
      laneRefill: dice.one([1, 3]),
    }),
  }
}

function smallRulesSizes(dice: Dice): Partial<LedgerSizes> {
  return {
    bulkLookedMax: dice.one([2, 7, 2_000]),
    bulkChangedMax: dice.one([1, 3, 500]),
    slotsPerSlice: dice.one([1, 2, 10]),
    catchUpMax: dice.one([3, 10, 100]),
  }
}

/** Each fault is on in some runs, weak or strong. */
function swarm(dice: Dice): Faults {
  const faults: Record<string, number> = { ...noFaults }
  // In a few runs nothing goes wrong: they show what a quiet day costs.
  if (dice.happens(0.05)) return faults as unknown as Faults
  const share = dice.one([0.15, 0.4, 0.7])
  const strength = (weak: number, strong: number) => weak * (strong / weak) ** dice.random()
  const may = (name: keyof Faults, weak: number, strong: number) => {
    const drawn = strength(weak, strong)
    if (dice.happens(share)) faults[name] = drawn
  }
  may('wakeUpLost', 0.05, 0.9)
  may('wakeUpDoubled', 0.05, 0.5)
  may('wakeUpLate', 0.05, 0.5)
  may('wakeUpHoursLate', 0.02, 0.2)
  may('sendFailsBefore', 0.02, 0.5)
  may('sendFailsAfter', 0.02, 0.5)
  may('rpcBefore', 0.01, 0.2)
  may('rpcAfter', 0.01, 0.2)
  may('rpcSlow', 0.01, 0.2)
  may('rpcOverloaded', 0.01, 0.1)
  may('rpcStrange', 0.005, 0.05)
  may('silentEveryMs', 60_000, 5_000)
  may('resetInStatement', 0.0005, 0.02)
  may('resetAfterCommit', 0.002, 0.1)
  may('resetEveryMs', 60_000, 1_000)
  may('sqlError', 0.0005, 0.01)
  may('alarmEarly', 0.05, 0.5)
  may('alarmLate', 0.05, 0.5)
  may('alarmDoubled', 0.05, 0.5)
  may('alarmStolen', 0.01, 0.2)
  may('alarmStuck', 0.01, 0.2)
  may('watchdogLate', 0.1, 0.9)
  may('isolateDiesEveryMs', 60_000, 2_000)
  may('invocationDiesEveryMs', 60_000, 2_000)
  may('diesAtAwait', 0.001, 0.03)
  may('cutEarlyMs', 60_000, 3_000)
  may('subrequestsFew', 0.1, 0.5)
  may('clockSkewMs', 20, 20_000)
  may('clockStepsEveryMs', 60_000, 3_000)
  may('oldVersion', 0.1, 0.7)
  may('oldRequests', 0.3, 1)
  return faults as unknown as Faults
}

function jobsOf(dice: Dice, stormMs: number): JobPlan[] {
  const count = dice.one([3, 10, 25, 60])
  // In some runs all handlers succeed, in others all fail.
  const evil = dice.one([0, 0.2, 0.5])
  const keys = dice.one([0, 0.2, 0.6])
  const burst = dice.happens(0.4)
  return Array.from({ length: count }, (_, n): JobPlan => {
    const tier = dice.one<Tier>(['enqueue', 'enqueue', 'enqueue', 'enqueue', 'startNow', 'background', 'many'])
    const isLong = dice.happens(0.25)
    const task = tier === 'startNow' || tier === 'background' ? dice.one(inline) : isLong ? 'draw' : dice.one(tasks)
    const isEvil = () => dice.happens(evil)
    const feelings = Array.from({ length: dice.between(1, 4) }, () =>
      isEvil() ? dice.one(moods) : dice.one(goodMoods),
    )
    return {
      n,
      atMs: burst ? dice.between(0, 5) * Math.floor(stormMs / 10) : dice.between(0, stormMs),
      task,
      tier,
      moods: dice.happens(0.7) ? feelings : feelings.slice(0, 1),
      ...(tier !== 'background' && tier !== 'many' && dice.happens(keys) && { key: `k${dice.between(0, 6)}` }),
      ...(tier !== 'background' && dice.happens(0.25) && { delayMs: delay(dice) }),
      ...(dice.happens(0.2) && { priority: dice.between(-3, 3) }),
      ...(dice.happens(0.2) && { tags: ['t'] }),
      ...(dice.happens(0.12) && { cancelAfterMs: dice.between(0, 20_000) }),
      ...(dice.happens(0.12) && { redriveAfterMs: dice.between(0, 60_000) }),
    }
  })
}

const goodMoods: readonly Mood[] = ['quick', 'quick', 'ok', 'ok', 'ok', 'children', 'long', 'stubborn']

function delay(dice: Dice): number {
  return dice.one([dice.between(1, 1_000), dice.between(1_000, 60_000), dice.between(60_000, 1_800_000)])
}
