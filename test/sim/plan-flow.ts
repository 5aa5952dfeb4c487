/**
 * What half of the runs have beside plain jobs: limits and partitions, schedules, and people who steer. Drawn from a
 * stream of its own, so that the other half are what they were before any of it was there.
 */
import type { Unique } from '../../src/engine/task/unique.ts'
import type { Dice } from '../../src/testing/chance.ts'
import type { Mood } from './moods.ts'

/** As the engine's limits, in plain milliseconds. */
export interface PlanLimits {
  readonly rateLimit?: { readonly limit: number; readonly per: number }
  readonly concurrency?: number
}
export interface TaskPlanLimits extends PlanLimits {
  readonly perPartition?: PlanLimits
}

export const flowTasks = ['rated', 'narrow', 'tenant', 'both'] as const
export type FlowTask = (typeof flowTasks)[number]

export interface SchedulePlan {
  readonly name: string
  readonly everyMs: number
  /** What the previous release has in its place. */
  readonly everyMsOld: number
  /** As a rule of seconds, rather than as an interval. */
  readonly isCron: boolean
  readonly catchUp: 'skip' | 'latest' | 'all'
  readonly overlap: 'allow' | 'skip' | 'cancel'
  readonly jitterMs: number
  /** `fresh` is not known to the previous release. */
  readonly task: 'tick' | 'fresh' | 'tenant'
  readonly moods: readonly Mood[]
  /** The previous release does not have it. */
  readonly isNew: boolean
  readonly expiresInMs?: number
}

/** Something people do, and after how long they take it back. */
export type SteerPlan =
  | { readonly kind: 'pause'; readonly atMs: number; readonly task?: string; readonly forMs: number }
  | { readonly kind: 'drain'; readonly atMs: number; readonly task?: string; readonly forMs: number }
  | { readonly kind: 'limits'; readonly atMs: number; readonly task: FlowTask; readonly limits: TaskPlanLimits | null }
  | {
      readonly kind: 'cancelMany' | 'redriveMany'
      readonly atMs: number
      readonly filter: { readonly task?: string; readonly state?: 'failed' | 'completed' | 'scheduled' | 'queued' }
    }
  | { readonly kind: 'schedule'; readonly atMs: number; readonly name: string; readonly forMs: number }
  | { readonly kind: 'trigger'; readonly atMs: number; readonly name: string }

export interface FlowPlan {
  readonly limits: Readonly<Record<FlowTask, TaskPlanLimits>>
  /** What the previous release says: the same kinds. */
  readonly limitsOld: Readonly<Record<FlowTask, TaskPlanLimits>>
  readonly schedules: readonly SchedulePlan[]
  readonly steering: readonly SteerPlan[]
}

export const noFlowPlan: FlowPlan = {
  limits: { rated: {}, narrow: {}, tenant: {}, both: {} },
  limitsOld: { rated: {}, narrow: {}, tenant: {}, both: {} },
  schedules: [],
  steering: [],
}

/** What jobs of such a run may have, by chance. */
export interface FlowShares {
  readonly limited: number
  readonly unique: number
  readonly expiring: number
  readonly updated: number
  /** One partition has most of the jobs. */
  readonly hog: boolean
}

export function flowPlanOf(dice: Dice, stormMs: number): { flow: FlowPlan; shares: FlowShares } {
  const [limits, other] = [limitsOf(dice), limitsOf(dice)]
  const schedules = dice.happens(0.4) ? schedulesOf(dice, stormMs) : []
  const steering = dice.happens(0.5) ? steeringOf(dice, stormMs, schedules) : []
  const limitsOld = dice.happens(0.5) ? limits : (ofKinds(limits, other) as FlowPlan['limits'])
  return {
    flow: { limits, limitsOld, schedules, steering },
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

function limitsOf(dice: Dice): FlowPlan['limits'] {
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

/** Other numbers for the kinds that are there. */
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
  // Some dozen slots in the storm: a run of thousands would take too long.
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

function steeringOf(dice: Dice, stormMs: number, schedules: readonly SchedulePlan[]): SteerPlan[] {
  const about = () => (dice.happens(0.4) ? {} : { task: dice.one(['plain', 'tick', ...flowTasks]) })
  const name = schedules[0]?.name
  return Array.from({ length: dice.between(1, 6) }, (): SteerPlan => {
    const atMs = dice.between(0, stormMs)
    const forMs = dice.one([1_000, 10_000, 60_000, 300_000])
    const kind = dice.one<SteerPlan['kind']>([
      ...(['pause', 'pause', 'drain', 'limits', 'limits', 'cancelMany', 'redriveMany', 'redriveMany'] as const),
      ...(name === undefined ? [] : (['schedule', 'schedule', 'trigger', 'trigger'] as const)),
    ])
    if (kind === 'pause' || kind === 'drain') return { kind, atMs, forMs, ...about() } as SteerPlan
    if (kind === 'limits') {
      const task = dice.one(flowTasks)
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
 * A key's first letter says which rules its calls have: `m` all that run one job at a time, `t` throttle, `d` debounce,
 * `w` window, `a` any.
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
