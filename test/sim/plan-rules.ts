/**
 * What half of the runs have beside plain jobs: limits and partitions, schedules, and operators. It has random streams of
 * its own, so that it does not change the runs of the other half.
 */
import type { Unique } from '../../src/engine/task/unique.ts'
import type { Dice } from '../../src/testing/chance.ts'
import type { Mood } from './moods.ts'

/** The engine's limits, in milliseconds. */
export interface PlanLimits {
  readonly rateLimit?: { readonly limit: number; readonly per: number }
  readonly concurrency?: number
}
export interface TaskPlanLimits extends PlanLimits {
  readonly perPartition?: PlanLimits
}

export const limitedTasks = ['rated', 'narrow', 'tenant', 'both'] as const
export type LimitedTask = (typeof limitedTasks)[number]

export interface SchedulePlan {
  readonly name: string
  readonly everyMs: number
  /** The interval that the previous release has. */
  readonly everyMsOld: number
  /** As a cron rule with seconds, and not as an interval. */
  readonly isCron: boolean
  readonly catchUp: 'skip' | 'latest' | 'all'
  readonly overlap: 'allow' | 'skip' | 'cancel'
  readonly jitterMs: number
  /** The previous release does not know `fresh`. */
  readonly task: 'tick' | 'fresh' | 'tenant'
  readonly moods: readonly Mood[]
  /** The previous release does not have it. */
  readonly isNew: boolean
  readonly expiresInMs?: number
}

/** Something that an operator does, and when it is undone. */
export type ControlPlan =
  | { readonly kind: 'pause'; readonly atMs: number; readonly task?: string; readonly forMs: number }
  | { readonly kind: 'drain'; readonly atMs: number; readonly task?: string; readonly forMs: number }
  | {
      readonly kind: 'limits'
      readonly atMs: number
      readonly task: LimitedTask
      readonly limits: TaskPlanLimits | null
    }
  | {
      readonly kind: 'cancelMany' | 'redriveMany'
      readonly atMs: number
      readonly filter: { readonly task?: string; readonly state?: 'failed' | 'completed' | 'scheduled' | 'queued' }
    }
  | { readonly kind: 'schedule'; readonly atMs: number; readonly name: string; readonly forMs: number }
  | { readonly kind: 'trigger'; readonly atMs: number; readonly name: string }

export interface RulesPlan {
  readonly limits: Readonly<Record<LimitedTask, TaskPlanLimits>>
  /** The limits of the previous release, of the same kinds. */
  readonly limitsOld: Readonly<Record<LimitedTask, TaskPlanLimits>>
  readonly schedules: readonly SchedulePlan[]
  readonly controls: readonly ControlPlan[]
}

export const noRulesPlan: RulesPlan = {
  limits: { rated: {}, narrow: {}, tenant: {}, both: {} },
  limitsOld: { rated: {}, narrow: {}, tenant: {}, both: {} },
  schedules: [],
  controls: [],
}

/** How often jobs of such a run have something. */
export interface RulesShares {
  readonly limited: number
  readonly unique: number
  readonly expiring: number
  readonly updated: number
  /** One partition has most of the jobs. */
  readonly hog: boolean
}

export function rulesPlanOf(dice: Dice, stormMs: number): { rules: RulesPlan; shares: RulesShares } {
  const [limits, other] = [limitsOf(dice), limitsOf(dice)]
  const schedules = dice.happens(0.4) ? schedulesOf(dice, stormMs) : []
  const controls = dice.happens(0.5) ? controlsOf(dice, stormMs, schedules) : []
  const limitsOld = dice.happens(0.5) ? limits : (ofKinds(limits, other) as RulesPlan['limits'])
  return {
    rules: { limits, limitsOld, schedules, controls },
    shares: {
      limited: dice.one([0, 0.5, 0.9]),
      unique: dice.one([0, 0, 0.5, 0.9]),
      expiring: dice.one([0, 0, 0.3]),
      updated: dice.one([0, 0.2]),
      hog: dice.happens(0.5),
    },
  }
}

function rate(dice: Dice) {
  return { limit: dice.between(1, 4), per: dice.one([1_000, 2_000, 3_000]) }
}

function limitsOf(dice: Dice): RulesPlan['limits'] {
  const perPartition = (): PlanLimits => ({
    ...(dice.happens(0.4) && { rateLimit: rate(dice) }),
    ...(dice.happens(0.4) && { concurrency: dice.between(1, 2) }),
  })
  return {
    rated: { rateLimit: rate(dice) },
    narrow: { concurrency: dice.between(1, 3) },
    tenant: { perPartition: perPartition() },
    both: { rateLimit: rate(dice), concurrency: dice.between(2, 4), perPartition: perPartition() },
  }
}

/** The same kinds with other numbers. */
function ofKinds<T extends object>(kinds: T, numbers: T): T {
  return Object.fromEntries(
    Object.entries(kinds).map(([name, value]) => {
      const other = (numbers as Record<string, unknown>)[name]
      if (name === 'rateLimit' || typeof value !== 'object') return [name, other ?? value]
      return [name, ofKinds(value as object, (other ?? value) as object)]
    }),
  ) as T
}

function schedulesOf(dice: Dice, stormMs: number): SchedulePlan[] {
  // A few dozen slots in the storm: a run with thousands would take too long.
  const everies = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000].filter((ms) => stormMs / ms <= 60)
  return Array.from({ length: dice.between(1, 2) }, (_, index): SchedulePlan => {
    const everyMs = dice.one(everies)
    return {
      name: `s${index}`,
      everyMs,
      everyMsOld: dice.happens(0.3) ? dice.one(everies) : everyMs,
      isCron: dice.happens(0.5),
      catchUp: dice.one(['skip', 'latest', 'all']),
      overlap: dice.one(['allow', 'skip', 'cancel']),
      jitterMs: dice.happens(0.3) ? Math.floor(everyMs / 2) : 0,
      task: dice.one(['tick', 'tick', 'tenant', 'fresh']),
      moods: [dice.one<Mood>(['quick', 'ok', 'ok', 'long', 'stubborn', 'throw'])],
      isNew: dice.happens(0.3),
      ...(dice.happens(0.2) && { expiresInMs: dice.between(1_000, 20_000) }),
    }
  })
}

function controlsOf(dice: Dice, stormMs: number, schedules: readonly SchedulePlan[]): ControlPlan[] {
  const about = () => (dice.happens(0.4) ? {} : { task: dice.one(['plain', 'tick', ...limitedTasks]) })
  const name = schedules[0]?.name
  return Array.from({ length: dice.between(1, 6) }, (): ControlPlan => {
    const atMs = dice.between(0, stormMs)
    const forMs = dice.one([1_000, 10_000, 60_000, 300_000])
    const kind = dice.one<ControlPlan['kind']>([
      ...(['pause', 'pause', 'drain', 'limits', 'limits', 'cancelMany', 'redriveMany', 'redriveMany'] as const),
      ...(name === undefined ? [] : (['schedule', 'schedule', 'trigger', 'trigger'] as const)),
    ])
    if (kind === 'pause' || kind === 'drain') return { kind, atMs, forMs, ...about() } as ControlPlan
    if (kind === 'limits') {
      const task = dice.one(limitedTasks)
      return { kind, atMs, task, limits: dice.happens(0.3) ? null : limitsOf(dice)[task] }
    }
    if (kind === 'cancelMany')
      return { kind, atMs, filter: { ...about(), ...(dice.happens(0.3) && { state: 'queued' as const }) } }
    if (kind === 'redriveMany')
      return { kind, atMs, filter: { ...about(), ...(dice.happens(0.6) && { state: 'failed' as const }) } }
    return { kind, atMs, name: name ?? '', forMs }
  })
}

/**
 * The first letter of a key says which rules its calls have: `m` rules that run one job at a time, `t` throttle,
 * `d` debounce, `w` window, `a` any.
 */
export function uniqueOf(dice: Dice): { unique?: Unique; key?: string } {
  const family = dice.one(['m', 'm', 't', 'd', 'd', 'w', 'a'])
  const key = `${family}${dice.between(0, 1)}`
  const throttle = { key, throttle: 7_000 }
  const debounce = { key, debounce: 3_000, ...(key === 'd0' && { maxWait: 8_000 }) }
  const window = { key, window: 10_000 }
  const oneAtATime: readonly Unique[] = [{ key }, throttle, debounce, { key, debounce: 2_000, maxWait: 5_000 }]
  if (family === 't') return { unique: throttle }
  if (family === 'd') return { unique: debounce }
  if (family === 'w') return { unique: window }
  if (family === 'm') return { unique: dice.one([...oneAtATime, { key, rerun: true }, { key, rerun: true }]) }
  return dice.happens(0.3) ? { key } : { unique: dice.one([...oneAtATime, window, { key, rerun: true }]) }
}
