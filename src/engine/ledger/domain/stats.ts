/**
 * What is counted of a task: how many jobs were enqueued, how attempts ended, how long jobs queued and ran. The same shape for a
 * minute and for all of a ledger's time. Arithmetic only.
 */
import type { Costs, Counted, Counters, Histogram, Stats } from '../protocol/stats.ts'

/** Upper ends of the histogram's buckets, in milliseconds; one more bucket takes the rest. */
export const bucketEndsMs = [
  10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000,
] as const

/** Names of errors that are counted by themselves. Further ones are counted together. */
export const errorNamesMax = 20
export const otherErrors = 'other'

export function noStats(): Stats {
  return { enqueued: 0, ended: {}, failed: {}, errors: {}, queue: noHistogram(), run: noHistogram() }
}

export function noCosts(): Costs {
  return { rowsRead: 0, rowsWritten: 0, wakeUps: 0, wakeUpsLate: 0, wakeUpsResent: 0 }
}

/** Stats as they are stored. What an older release did not count is zero. */
export function parsedStats(text: string | undefined): Counters {
  const stored = JSON.parse(text ?? '{}') as Partial<Counters>
  return { ...noStats(), ...stored, costs: { ...noCosts(), ...stored.costs } }
}

export function addedStats(a: Stats, b: Stats): Stats {
  return {
    enqueued: a.enqueued + b.enqueued,
    ended: addedCounts(a.ended, b.ended),
    failed: addedCounts(a.failed, b.failed),
    errors: addedErrors(a.errors, b.errors),
    queue: addedHistograms(a.queue, b.queue),
    run: addedHistograms(a.run, b.run),
  }
}

export function addedCosts(a: Costs, b: Costs): Costs {
  return {
    rowsRead: a.rowsRead + b.rowsRead,
    rowsWritten: a.rowsWritten + b.rowsWritten,
    wakeUps: a.wakeUps + b.wakeUps,
    wakeUpsLate: a.wakeUpsLate + b.wakeUpsLate,
    wakeUpsResent: a.wakeUpsResent + b.wakeUpsResent,
  }
}

export function negated(costs: Costs): Costs {
  return Object.fromEntries(Object.entries(costs).map(([name, n]) => [name, -n])) as unknown as Costs
}

export function countIn(histogram: Histogram, ms: number): void {
  const { buckets } = histogram
  const found = bucketEndsMs.findIndex((end) => ms <= end)
  const index = found === -1 ? bucketEndsMs.length : found
  while (buckets.length <= index) buckets.push(0)
  buckets[index] = (buckets[index] ?? 0) + 1
  histogram.sumMs += Math.max(0, ms)
}

/** True when most of what was counted took longer. @param ms the end of a bucket */
export function isMostlyLonger({ buckets }: Histogram, ms: (typeof bucketEndsMs)[number]): boolean {
  const sum = (from: number, to?: number) => buckets.slice(from, to).reduce((all, n) => all + n, 0)
  const first = bucketEndsMs.indexOf(ms) + 1
  return sum(first) > sum(0, first)
}

export function countOne<Name extends string>(counted: Counted<Name>, name: Name): void {
  counted[name] = (counted[name] ?? 0) + 1
}

export function countError(errors: Counted<string>, name: string): void {
  // A handler may throw anything, under any name. The name of a property that every object has cannot be counted under.
  const known = /^[A-Za-z_$][\w$.:-]{0,63}$/.test(name) && !(name in {}) ? name : otherErrors
  const isNew = errors[known] === undefined
  countOne(errors, isNew && Object.keys(errors).length >= errorNamesMax ? otherErrors : known)
}

export function addedBuckets(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => (a[index] ?? 0) + (b[index] ?? 0))
}

function noHistogram(): Histogram {
  return { buckets: [], sumMs: 0 }
}

function addedHistograms(a: Histogram, b: Histogram): Histogram {
  return { buckets: addedBuckets(a.buckets, b.buckets), sumMs: a.sumMs + b.sumMs }
}

function addedCounts<Name extends string>(a: Counted<Name>, b: Counted<Name>): Counted<Name> {
  const names = new Set([...Object.keys(a), ...Object.keys(b)] as Name[])
  return Object.fromEntries([...names].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)])) as Counted<Name>
}

/** Names that were counted by themselves stay so: a counter must not lose to `other` what it once had. */
function addedErrors(a: Counted<string>, b: Counted<string>): Counted<string> {
  const sum = { ...a }
  for (const [name, n = 0] of Object.entries(b)) {
    const fits = sum[name] !== undefined || Object.keys(sum).length < errorNamesMax
    const under = fits ? name : otherErrors
    sum[under] = (sum[under] ?? 0) + n
  }
  return sum
}

/** What a ledger has done about wake-ups since it was activated. */
export type WakeUpCounts = Pick<Costs, 'wakeUps' | 'wakeUpsLate' | 'wakeUpsResent'>

export function noWakeUpCounts(): WakeUpCounts {
  return { wakeUps: 0, wakeUpsLate: 0, wakeUpsResent: 0 }
}
