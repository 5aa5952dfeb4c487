/**
 * The starts that a rate limit still counts: an exact sliding window. In any window of `perMs` no more than `limit` starts are
 * let through, in bursts up to the whole limit. Pure: rule, log and time go in.
 *
 * A start counts from its time until `perMs` later. Starts at the same time are one entry. A log that grows beyond `entriesMax`
 * merges its two closest entries into the later one: it may then hold a start back by the gap between the two, and it never lets
 * a start through too early.
 */
export interface Rate {
  readonly limit: number
  readonly perMs: number
}

/** Times, and how many started then, the oldest first. */
export type RateLog = readonly (readonly [at: number, count: number])[]

/** Entries of one log: about three kilobytes of JSON. */
export const entriesMax = 128

/** How many may start now. */
export function roomLeft({ limit, perMs }: Rate, log: RateLog, now: number): number {
  let used = 0
  for (const [at, count] of log) if (at + perMs > now) used += count
  return Math.max(0, limit - used)
}

/** The first time from now on at which `wanted` jobs, at most the limit, may start at once. */
export function resetsAt({ limit, perMs }: Rate, log: RateLog, now: number, wanted = 1): number {
  const usable = limit - Math.min(wanted, limit)
  let used = log.reduce((sum, [at, count]) => (at + perMs > now ? sum + count : sum), 0)
  for (const [at, count] of log) {
    if (used <= usable) break
    if (at + perMs <= now) continue
    used -= count
    if (used <= usable) return at + perMs
  }
  return now
}

/**
 * The log by a clock that has stepped back. Entries that seem to be in the future have happened, and nobody knows when: they
 * become now, and hold starts back for one window rather than until the clock has caught up.
 */
export function seenAt(log: RateLog, now: number): RateLog {
  if ((log.at(-1)?.[0] ?? now) <= now) return log
  const past = log.filter(([at]) => at <= now)
  const ahead = log.slice(past.length).reduce((sum, [, count]) => sum + count, 0)
  return [...past, [now, ahead]]
}

/** The log after `count` more starts. Entries that no longer count go. */
export function withStarts({ perMs }: Rate, log: RateLog, count: number, now: number): RateLog {
  const entries: [number, number][] = []
  for (const [at, n] of [...seenAt(log, now), [now, count] as const]) {
    if (at + perMs <= now) continue
    const last = entries.at(-1)
    if (last && last[0] === at) last[1] += n
    else entries.push([at, n])
  }
  while (entries.length > entriesMax) mergeClosest(entries)
  return entries
}

/** When no entry of the log counts any more. */
export function spentAt({ perMs }: Rate, log: RateLog): number {
  return (log.at(-1)?.[0] ?? Number.NEGATIVE_INFINITY) + perMs
}

function mergeClosest(entries: [number, number][]): void {
  let closest = 1
  for (let index = 2; index < entries.length; index++) if (gap(entries, index) < gap(entries, closest)) closest = index
  const [earlier] = entries.splice(closest - 1, 1)
  const later = entries[closest - 1]
  if (earlier && later) later[1] += earlier[1]
}

function gap(entries: readonly [number, number][], index: number): number {
  return (entries[index]?.[0] ?? 0) - (entries[index - 1]?.[0] ?? 0)
}
