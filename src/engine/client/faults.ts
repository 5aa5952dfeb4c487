/**
 * What the platform's own errors mean for a call to a ledger. Every call may be repeated: an enqueue carries its ids, a sync
 * its seq, and the others change nothing the second time.
 *
 * The flags of an error: https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */

/**
 * - `superseded`: a deploy replaced the object's code while it answered.
 * - `disconnected`: the connection broke; the call may have taken effect.
 * - `memory`: the object ran out of memory. It may work after a restart, and may not.
 * - `overloaded`: it has too much to do. A call again at once makes it worse.
 * - `broken`: anything else, also mistakes of our own. Repeating does not help.
 */
export type Fault = 'superseded' | 'disconnected' | 'memory' | 'overloaded' | 'broken'

/** How often a call is repeated after each fault, and the wait before the first repetition. The wait doubles each time. */
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
  // Set when the object has too many calls waiting: "Durable Object is overloaded. Too many requests queued."
  if (overloaded) return 'overloaded'
  // "Durable Object reset because its code was updated." and "This script has been upgraded."
  if (/reset because its code was updated|this script has been upgraded/i.test(message)) return 'superseded'
  // "Durable Object's isolate exceeded its memory limit and was reset."
  if (/exceeded its memory limit/i.test(message)) return 'memory'
  // "Network connection lost." and the like; or the platform itself says that the call may be repeated.
  if (
    retryable ||
    /network connection lost|internal error in durable object storage caused object to be reset/i.test(message)
  ) {
    return 'disconnected'
  }
  return 'broken'
}
