/**
 * Uniqueness as one option: what a call does when the job of its key is already there. Checked here; decided in the
 * ledger, by the rule of the newest call and the state of the job that holds the key.
 */

import { idempotencyKeyCharsMax } from './bounds.ts'
import { type Duration, durationMs } from './duration.ts'
import { refuse } from './refuse.ts'

/**
 * - `{ key }`: until the job has finished, further calls answer with it.
 * - `window`: one job in this time, counted from its creation, finished or not.
 * - `debounce`: runs the newest input once calls have been quiet for this long, at the latest `maxWait` after the first.
 * - `throttle`: at most one job starts in this time; what is called meanwhile becomes one job with the newest input.
 * - `rerun`: while the job waits it takes the newest input; while it runs, one more follows with the newest input.
 */
export type Unique =
  | { readonly key: string }
  | { readonly key: string; readonly window: Duration }
  | { readonly key: string; readonly debounce: Duration; readonly maxWait?: Duration }
  | { readonly key: string; readonly throttle: Duration }
  | { readonly key: string; readonly rerun: true }

/** A checked rule, as it travels to the ledger. `kept` is the rule of an idempotency key: for as long as its job is kept. */
export type UniqueRule =
  | { readonly kind: 'kept' }
  | { readonly kind: 'finished' }
  | { readonly kind: 'window'; readonly ms: number }
  | { readonly kind: 'debounce'; readonly ms: number; readonly maxWaitMs?: number }
  | { readonly kind: 'throttle'; readonly ms: number }
  | { readonly kind: 'rerun' }

/** Rules under which a waiting job takes the newest input. */
export function isCoalescing({ kind }: UniqueRule): boolean {
  return kind === 'debounce' || kind === 'throttle' || kind === 'rerun'
}

/** How long a rule looks back at a job that may have finished: that job must be kept as long. */
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
