/**
 * What the platform's own errors mean for a call to a ledger, in one place. Every call to a ledger may be repeated:
 * enqueue carries its ids, sync its seq, the rest change nothing a second time.
 *
 * Flags: https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */

/**
 * - `superseded`: a deploy replaced the object's code while it answered.
 * - `disconnected`: the connection broke; the call may have taken effect.
 * - `memory`: the object ran out of memory. It may work after a restart, and may not.
 * - `overloaded`: it has too much to do. Asking again at once makes it worse.
 * - `broken`: anything else, our own mistakes among them. Repeating will not help.
 */
export type Fault = 'superseded' | 'disconnected' | 'memory' | 'overloaded' | 'broken'

/** How often a call is repeated after each fault, and the wait before the first repetition; it doubles each time. */
export const repetitions: Record<Fault, { times: number; waitMs: number }> = {
  superseded: { times: 5, waitMs: 50 },
  disconnected: { times: 5, waitMs: 50 },
  memory: { times: 2, waitMs: 1_000 },
  overloaded: { times: 3, waitMs: 1_000 },
  broken: { times: 0, waitMs: 0 },
}

export function classifyFault(error: unknown): Fault {
  const {
    message = String(error),
    retryable,
    overloaded,
  } = (error ?? {}) as { message?: string; retryable?: boolean; overloaded?: boolean }
  // Set when the object is asked more than it can do: "Durable Object is overloaded. Too many requests queued."
  if (overloaded) return 'overloaded'
  // "Durable Object reset because its code was updated." and "This script has been upgraded."
  if (/reset because its code was updated|this script has been upgraded/i.test(message)) return 'superseded'
  // "Durable Object's isolate exceeded its memory limit and was reset."
  if (/exceeded its memory limit/i.test(message)) return 'memory'
  // "Network connection lost." and the like; the platform says itself that repeating is safe.
  if (
    retryable ||
    /network connection lost|internal error in durable object storage caused object to be reset/i.test(message)
  ) {
    return 'disconnected'
  }
  return 'broken'
}
