/**
 * The limits of a task: rate and concurrency, of the whole task and of each of its partitions, checked where they are written.
 * The ledger counts against them.
 */
import { type Duration, durationMs } from './duration.ts'
import { refuse } from './refuse.ts'

/** At most `limit` starts in any window of length `per`. */
export interface RateLimit {
  /** 1 to 1,000,000. */
  readonly limit: number
  /** 1 ms to 31 days. Attempts start as soon as the window allows; for an even pace write `{ limit: 1, per: '50ms' }`. */
  readonly per: Duration
}

/** The limits of one partition, or of a whole task. */
export interface LimitOptions {
  readonly rateLimit?: RateLimit
  /** Attempts that run at the same time, 1 to 10,000. */
  readonly concurrency?: number
}

/** The limits that a task declares. */
export interface TaskLimits extends LimitOptions {
  /** Of each partition by itself. */
  readonly perPartition?: LimitOptions
}

/** Checked limits, with times in milliseconds. An absent limit does not hold. */
export interface GroupLimits {
  readonly rate?: { readonly limit: number; readonly perMs: number }
  readonly concurrency?: number
}

/** Checked limits of a task. */
export interface CheckedLimits {
  readonly whole: GroupLimits
  readonly each: GroupLimits
}

export const noLimits: CheckedLimits = { whole: {}, each: {} }

const limitMax = 1_000_000
const perMsMax = 31 * 86_400_000
const concurrencyMax = 10_000

/** @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes */
export function checkedLimits({ rateLimit, concurrency, perPartition }: TaskLimits, task: string): CheckedLimits {
  if (perPartition !== undefined && (typeof perPartition !== 'object' || perPartition === null))
    refuse(`perPartition of task ${task}`, perPartition, '{ rateLimit, concurrency }')
  return {
    whole: limits({ rateLimit, concurrency } as LimitOptions, `of task ${task}`),
    each: limits(perPartition ?? {}, `per partition of task ${task}`),
  }
}

/** True when the task is limited as a whole, so that all its jobs must be on one shard. */
export function isWholeLimited({ whole }: CheckedLimits): boolean {
  return whole.rate !== undefined || whole.concurrency !== undefined
}

function limits({ rateLimit, concurrency }: LimitOptions, of: string): GroupLimits {
  if (concurrency !== undefined) refuseUnlessCount(`concurrency ${of}`, concurrency, concurrencyMax)
  if (rateLimit === undefined) return { ...(concurrency !== undefined && { concurrency }) }
  if (typeof rateLimit !== 'object' || rateLimit === null) refuse(`rateLimit ${of}`, rateLimit, '{ limit, per }')
  const { limit, per } = rateLimit
  refuseUnlessCount(`rateLimit.limit ${of}`, limit, limitMax)
  const perMs = durationMs(per, `rateLimit.per ${of}`)
  if (perMs < 1 || perMs > perMsMax) refuse(`rateLimit.per ${of}`, per, 'from 1 ms to 31 days')
  return { rate: { limit, perMs }, ...(concurrency !== undefined && { concurrency }) }
}

function refuseUnlessCount(option: string, got: unknown, max: number): void {
  if (Number.isInteger(got) && (got as number) >= 1 && (got as number) <= max) return
  refuse(option, got, `a whole number from 1 to ${max}`)
}
