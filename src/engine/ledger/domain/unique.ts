/**
 * What a call does when its key is held: the table where all rules of uniqueness meet. The rule of the newest call
 * decides, by the state of the job that holds the key. Pure: rule, holder and time go in, a decision comes out.
 *
 *   rule      | holder waits                     | runs                       | is to be cancelled | has ended
 *   ----------|----------------------------------|----------------------------|--------------------|------------------------
 *   kept      | join; refuse another input       | as waiting                 | as waiting         | as waiting
 *   finished  | join                             | join                       | follow it          | new
 *   window    | join within the window, else new | as waiting                 | as waiting         | as waiting
 *   debounce  | renew, pushed until calls rest   | follow it, after the rest  | as running         | new, after the rest
 *   throttle  | renew                            | follow it, a window later  | as running         | new, a window after the start
 *   rerun     | renew                            | follow it                  | as running         | new
 *
 * join: the call answers with the holder. renew: the holder takes the newest input. follow: a new job takes the key and starts
 * when the holder has ended. new: a new job takes the key.
 */
import { isFinal } from '../../task/job.ts'
import type { UniqueRule } from '../../task/unique.ts'
import { isReady, type JobRow } from './row.ts'

export type Decision =
  | { readonly do: 'join' }
  | { readonly do: 'refuse' }
  /** `dueAt` is its new time. Undefined: it keeps the time that it has. */
  | { readonly do: 'renew'; readonly dueAt: number | undefined }
  | { readonly do: 'follow'; readonly notBefore: number }
  | { readonly do: 'new'; readonly notBefore: number }

export type Holder = Pick<
  JobRow,
  'state' | 'createdAt' | 'startedAt' | 'keyStartedAt' | 'dueAt' | 'cancelling' | 'notBefore' | 'after'
>

/** @param sameInput whether the call's input is the holder's */
export function decide(rule: UniqueRule, holder: Holder, sameInput: boolean, now: number): Decision {
  if (rule.kind === 'kept') return sameInput ? { do: 'join' } : { do: 'refuse' }
  if (rule.kind === 'window') return holder.createdAt + rule.ms > now ? { do: 'join' } : { do: 'new', notBefore: now }
  const earliest = earliestStart(rule, holder, now)
  if (isFinal(holder.state)) return { do: 'new', notBefore: earliest }
  const isCancelling = holder.cancelling !== 0
  if (rule.kind === 'finished') return isCancelling ? { do: 'follow', notBefore: now } : { do: 'join' }
  if (holder.state === 'running') return { do: 'follow', notBefore: earliest }
  return { do: 'renew', dueAt: rule.kind === 'debounce' ? pushed(rule, holder, now) : undefined }
}

/** When a job whose key nobody holds may start. */
export function firstStart(rule: UniqueRule, now: number): number {
  return rule.kind === 'debounce' ? now + rule.ms : now
}

/** When the job after the holder may start, as far as time decides. */
function earliestStart(rule: UniqueRule, { startedAt, keyStartedAt }: Holder, now: number): number {
  if (rule.kind === 'debounce') return now + rule.ms
  // A holder that has ended without having started does not change the window of the start before it.
  const lastStartAt = startedAt ?? keyStartedAt
  if (rule.kind === 'throttle' && lastStartAt !== null) return Math.max(now, lastStartAt + rule.ms)
  return now
}

/**
 * A job whose quiet time is over waits only for a runner: it takes the input and keeps its time. So does a job that has been
 * tried, because its last attempt has set its time.
 */
function pushed({ ms, maxWaitMs }: UniqueRule & { kind: 'debounce' }, holder: Holder, now: number): number | undefined {
  const isResting = holder.after === null ? !isReady(holder, now) : (holder.notBefore ?? now) > now
  if (holder.startedAt !== null || !isResting) return undefined
  const latest = maxWaitMs === undefined ? Number.POSITIVE_INFINITY : holder.createdAt + maxWaitMs
  return Math.max(now, Math.min(now + ms, latest))
}
