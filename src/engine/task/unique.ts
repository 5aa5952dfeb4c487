/**
 * The option `unique`: what a call does when its key already has a job. The option is checked here; the ledger decides, by the
 * rule of the newest call and the state of the job that holds the key.
 */

import { idempotencyKeyCharsMax } from './bounds.ts'
import { type Duration, durationMs } from './duration.ts'
import { refuse } from './refuse.ts'

/**
 * What a call does when its key, 1 to 512 characters within a task, already has a job:
 *
 * - `{ key }` alone: until that job is final, answers with it.
 * - `window`: for this time after that job was created, final or not, answers with it.
 * - `debounce`: replaces the input of the waiting job and starts its time again; the job runs when no call has come for this
 *   long, at the latest `maxWait` after the first call.
 * - `throttle`: at most one job starts in this time; the calls until the next one become one job with the newest input.
 * - `rerun`: a waiting job takes the newest input; after a running one, one more runs with the newest input.
 *
 * Every call answers with the job that holds the key then; `duplicate` says whether the key had a job before.
 */
export type Unique =
  | { readonly key: string }
  | { readonly key: string; readonly window: Duration }
  | { readonly key: string; readonly debounce: Duration; readonly maxWait?: Duration }
  | { readonly key: string; readonly throttle: Duration }
  | { readonly key: string; readonly rerun: true }

/** A checked rule, as it is sent to the ledger. `kept` is the rule of an idempotency key: for as long as its job is kept. */
export type UniqueRule =
  | { readonly kind: 'kept' }
  | { readonly kind: 'finished' }
  | { readonly kind: 'window'; readonly ms: number }
  | { readonly kind: 'debounce'; readonly ms: number; readonly maxWaitMs?: number }
  | { readonly kind: 'throttle'; readonly ms: number }
  | { readonly kind: 'rerun' }

/** True for the rules under which a waiting job takes the newest input. */
export function isCoalescing({ kind }: UniqueRule): boolean {
  return kind === 'debounce' || kind === 'throttle' || kind === 'rerun'
}

/** How long a rule looks back at a job that may be final: for so long that job must be kept. */
export function looksBackMs(rule: UniqueRule): number {
  return rule.kind === 'window' || rule.kind === 'throttle' ? rule.ms : 0
}

/** @throws ChardError `invalid-option` */
export function uniqueRule(unique: Unique): { key: string; rule: UniqueRule } {
  const known = ['key', 'window', 'debounce', 'maxWait', 'throttle', 'rerun']
  if (typeof unique !== 'object' || unique === null) refuse('unique', unique, "an object such as { key: 'account:1' }")
  const unknown = Object.keys(unique).find((name) => !known.includes(name))
  if (unknown !== undefined) refuse(`unique.${unknown}`, 'set', `one of ${known.join(', ')}`)
  const { key, window, debounce, maxWait, throttle, rerun } = unique as {
    key: string
    window?: Duration
    debounce?: Duration
    maxWait?: Duration
    throttle?: Duration
    rerun?: true
  }
  checkedKey('unique.key', key)
  const modes = Object.entries({ window, debounce, throttle, rerun }).filter(([, value]) => value !== undefined)
  if (modes.length > 1) refuse('unique', modes.map(([name]) => name).join(' and '), 'one of them')
  if (maxWait !== undefined && debounce === undefined)
    refuse('unique.maxWait', maxWait, 'a value beside debounce alone')
  if (window !== undefined) return { key, rule: { kind: 'window', ms: positive(window, 'unique.window') } }
  if (throttle !== undefined) return { key, rule: { kind: 'throttle', ms: positive(throttle, 'unique.throttle') } }
  if (rerun !== undefined) {
    if (rerun !== true) refuse('unique.rerun', rerun, 'true, or nothing')
    return { key, rule: { kind: 'rerun' } }
  }
  if (debounce === undefined) return { key, rule: { kind: 'finished' } }
  const ms = positive(debounce, 'unique.debounce')
  if (maxWait === undefined) return { key, rule: { kind: 'debounce', ms } }
  const maxWaitMs = positive(maxWait, 'unique.maxWait')
  if (maxWaitMs < ms) refuse('unique.maxWait', maxWait, `at least the debounce of ${ms} ms`)
  return { key, rule: { kind: 'debounce', ms, maxWaitMs } }
}

/** @throws ChardError `invalid-option` */
export function checkedKey(option: string, key: unknown): string {
  if (typeof key === 'string' && key.length >= 1 && key.length <= idempotencyKeyCharsMax) return key
  return refuse(option, key, `a string of 1 to ${idempotencyKeyCharsMax} characters`)
}

function positive(value: Duration, option: string): number {
  const ms = durationMs(value, option)
  if (ms < 1) refuse(option, value, '1 ms or longer')
  return ms
}
