/**
 * How fast a task may flow: rate and concurrency limits of the whole task and of each of its partitions, checked where
 * they are written. What counts them is in the ledger.
 */
import { type Duration, durationMs } from './duration.ts'
import { ChardError } from './errors.ts'

/** At most `limit` starts in any window of length `per`. */
export interface RateLimit {
  /** 1 to 1,000,000. */
  readonly limit: number
  /** From 1 ms to 31 days. Starts come as soon as the window allows; for an even pace say `{ limit: 1, per: '50ms' }`. */
  readonly per: Duration
}

/** Limits of one partition, or of a whole task. */
export interface FlowLimits {
  readonly rateLimit?: RateLimit
  /** Attempts that run at the same time, 1 to 10,000. */
  readonly concurrency?: number
}

/** The limits a task declares. */
export interface TaskLimits extends FlowLimits {
  /** Of each partition by itself. */
  readonly perPartition?: FlowLimits
}

/** Checked limits: times in milliseconds; an absent one does not hold. */
export interface Flow {
  readonly rate?: { readonly limit: number; readonly perMs: number }
  readonly concurrency?: number
}

/** Checked limits of a task. */
export interface TaskFlow {
  readonly whole: Flow
  readonly each: Flow
}

export const noFlow: TaskFlow = { whole: {}, each: {} }

const limitMax = 1_000_000
const perMsMax = 31 * 86_400_000
const concurrencyMax = 10_000

/** @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes */
export function taskFlow({ rateLimit, concurrency, perPartition }: TaskLimits, task: string): TaskFlow {
  return {
    whole: flow(
      { ...(rateLimit && { rateLimit }), ...(concurrency !== undefined && { concurrency }) },
      `of task ${task}`,
    ),
    each: flow(perPartition ?? {}, `per partition of task ${task}`),
  }
}

/** True when the limits hold the task as a whole, so that all its jobs must live on one shard. */
export function isWholeLimited({ whole }: TaskFlow): boolean {
  return whole.rate !== undefined || whole.concurrency !== undefined
}

function flow({ rateLimit, concurrency }: FlowLimits, of: string): Flow {
  if (concurrency !== undefined)
    refuseUnless(isCount(concurrency, concurrencyMax), `concurrency ${of}`, concurrency, concurrencyMax)
  if (rateLimit === undefined) return { ...(concurrency !== undefined && { concurrency }) }
  if (typeof rateLimit !== 'object' || rateLimit === null)
    throw new ChardError('invalid-option', `rateLimit ${of} is ${String(rateLimit)}; it takes { limit, per }`)
  const { limit, per } = rateLimit
  refuseUnless(isCount(limit, limitMax), `rateLimit.limit ${of}`, limit, limitMax)
  const perMs = durationMs(per, `rateLimit.per ${of}`)
  if (perMs < 1 || perMs > perMsMax)
    throw new ChardError('invalid-option', `rateLimit.per ${of} is ${String(per)}; it takes from 1 ms to 31 days`)
  return { rate: { limit, perMs }, ...(concurrency !== undefined && { concurrency }) }
}

function isCount(value: unknown, max: number): boolean {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max
}

function refuseUnless(holds: boolean, option: string, got: unknown, max: number): void {
  if (!holds)
    throw new ChardError('invalid-option', `${option} is ${String(got)}; it takes a whole number from 1 to ${max}`)
}
