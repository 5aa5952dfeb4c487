/** How one job is enqueued: the options as written, and their checks. */
import { atMax, priorityMax, tagCharsMax, tagsMax } from './bounds.ts'
import { type Duration, durationMs } from './duration.ts'
import { refuse } from './refuse.ts'
import { checkedTrace } from './trace.ts'
import { checkedKey, isCoalescing, type Unique, type UniqueRule, uniqueRule } from './unique.ts'

/** How one job is enqueued. */
export interface EnqueueOptions {
  /**
   * One job for each key and task, for as long as that job is kept: 1 to 512 characters. A second call with the key answers
   * with that job; with the key and another input it throws `key-conflict`.
   */
  idempotencyKey?: string
  /** What a call does when its key already has a job. In place of `idempotencyKey`. */
  unique?: Unique
  /** Not before this long from now. */
  delay?: Duration
  /** Not before this time; one in the past means now. In place of `delay`. */
  at?: Date
  /** The time from the call within which the job must start. Otherwise it fails with reason `expired`. */
  expiresIn?: Duration
  /** -1000 to 1000, default 0. Of the jobs that are ready, a higher one is served first. */
  priority?: number
  /** Words to find the job by: up to 16, of 1 to 128 characters. */
  tags?: readonly string[]
  /** The trace that the job belongs to. Default: the one of the code that calls, such as a request under `withTrace`. */
  trace?: string
  /** Records the job, then runs it in this isolate after the response, without the queue. */
  startNow?: boolean
}

/** Options of `enqueueMany`: the same for all inputs, or made for each. */
export type EnqueueManyOptions<Input> =
  | Omit<EnqueueOptions, 'idempotencyKey' | 'unique' | 'startNow'>
  | ((input: Input, index: number) => Omit<EnqueueOptions, 'startNow'>)

/** Checked options: times in milliseconds. */
export interface CheckedEnqueueOptions {
  readonly key: { readonly key: string; readonly rule: UniqueRule } | undefined
  readonly delayMs: number
  /** Epoch milliseconds. */
  readonly at: number | undefined
  readonly expiresInMs: number | undefined
  readonly priority: number
  readonly tags: readonly string[]
  readonly startNow: boolean
  readonly trace: string | undefined
}

/** @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes */
export function checkedEnqueueOptions(options: EnqueueOptions): CheckedEnqueueOptions {
  const { delay, at, priority = 0, tags = [], startNow = false } = options
  const key = checkedUnique(options)
  if (delay !== undefined && at !== undefined) refuse('at', at, 'a Date, when delay is left out')
  const delayMs = delay === undefined ? 0 : durationMs(delay, 'delay')
  return {
    key,
    delayMs,
    at: at === undefined ? undefined : checkedAt(at),
    expiresInMs: checkedExpiry(options.expiresIn, delayMs, key?.rule),
    priority: checkedPriority(priority),
    tags: checkedTags(tags),
    startNow,
    trace: checkedTrace(options.trace),
  }
}

/** Epoch milliseconds. @throws ChardError `invalid-option` */
export function checkedAt(at: unknown): number {
  if (at instanceof Date && at.getTime() <= atMax) return at.getTime()
  return refuse('at', at, 'a valid Date before the year 2189')
}

/** @throws ChardError `invalid-option` */
export function checkedPriority(priority: unknown): number {
  if (Number.isInteger(priority) && Math.abs(priority as number) <= priorityMax) return priority as number
  return refuse('priority', priority, `a whole number from -${priorityMax} to ${priorityMax}`)
}

function checkedTags(tags: unknown): string[] {
  const isTag = (tag: unknown) => typeof tag === 'string' && tag.length > 0 && tag.length <= tagCharsMax
  if (Array.isArray(tags) && tags.length <= tagsMax && tags.every(isTag)) return [...new Set(tags)]
  return refuse('tags', tags, `up to ${tagsMax} strings of 1 to ${tagCharsMax} characters`)
}

function checkedUnique(options: EnqueueOptions): CheckedEnqueueOptions['key'] {
  const { idempotencyKey, unique, delay, at, startNow } = options
  if (unique !== undefined && idempotencyKey !== undefined)
    refuse('idempotencyKey', idempotencyKey, 'a value when unique is left out: both are about one key')
  if (unique === undefined) {
    if (idempotencyKey === undefined) return undefined
    return { key: checkedKey('idempotencyKey', idempotencyKey), rule: { kind: 'kept' } }
  }
  const key = uniqueRule(unique)
  const { kind } = key.rule
  if (startNow && isCoalescing(key.rule))
    refuse('startNow', startNow, `false beside unique with ${kind}, which may wait`)
  if ((kind === 'debounce' || kind === 'throttle') && (delay !== undefined || at !== undefined))
    refuse(delay === undefined ? 'at' : 'delay', delay ?? at, `no value beside ${kind}, which sets the time itself`)
  return key
}

/** A job that could not start before its deadline would be accepted only to fail. */
function checkedExpiry(expiresIn: Duration | undefined, delayMs: number, rule?: UniqueRule): number | undefined {
  if (expiresIn === undefined) return undefined
  const ms = durationMs(expiresIn, 'expiresIn')
  const waitsMs = Math.max(delayMs, rule?.kind === 'debounce' || rule?.kind === 'throttle' ? rule.ms : 0)
  if (ms <= waitsMs) refuse('expiresIn', expiresIn, `more than the ${waitsMs} ms for which the job may have to wait`)
  return ms
}
