/**
 * Sums a minute and task for charts: how many were enqueued and how attempts ended, how long jobs queued and ran.
 * Kept in memory and flushed with a runner's last sync, one row a minute and task. A reset loses what was not flushed:
 * rows of jobs are the truth, these are the picture.
 */
import type { AttemptOutcome } from '../task/job.ts'
import type { tallyStatements } from './small-tables.ts'

/** Upper ends of the histogram's buckets, in milliseconds; one more bucket takes the rest. */
export const bucketEndsMs = [
  10, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000,
] as const

/** How long tallies are kept, in minutes. */
export const tallyMinutesKept = 48 * 60

/** The sums of one task in one minute. */
export interface Sums {
  enqueued: number
  ended: Partial<Record<AttemptOutcome | 'expired', number>>
  /** Attempts by how long the job had been ready before them, and by how long they ran. */
  queueMs: number[]
  runMs: number[]
}

export class Tallies {
  #open = new Map<string, { minute: number; task: string; sums: Sums }>()

  get isEmpty(): boolean {
    return this.#open.size === 0
  }

  enqueued(now: number, task: string): void {
    this.#at(now, task).enqueued++
  }

  claimed(now: number, task: string, queuedMs: number): void {
    count(this.#at(now, task).queueMs, queuedMs)
  }

  ended(now: number, task: string, outcome: AttemptOutcome, ranMs: number): void {
    const sums = this.#at(now, task)
    sums.ended[outcome] = (sums.ended[outcome] ?? 0) + 1
    count(sums.runMs, ranMs)
  }

  /** A job that nobody started in time: it has no attempt to count the length of. */
  expired(now: number, task: string): void {
    const { ended } = this.#at(now, task)
    ended.expired = (ended.expired ?? 0) + 1
  }

  /** Inside a transaction: adds what is open to the stored rows. Answers what to do once it has committed. */
  flush(statements: ReturnType<typeof tallyStatements>): () => void {
    const flushed = this.#open
    for (const { minute, task, sums } of flushed.values()) {
      const stored = statements.read(minute, task)
      statements.write(minute, task, JSON.stringify(stored ? added(JSON.parse(stored) as Sums, sums) : sums))
    }
    return () => {
      this.#open = new Map([...this.#open].filter(([name]) => !flushed.has(name)))
    }
  }

  #at(now: number, task: string): Sums {
    const minute = Math.floor(now / 60_000)
    const name = `${minute} ${task}`
    let entry = this.#open.get(name)
    if (!entry) {
      entry = { minute, task, sums: { enqueued: 0, ended: {}, queueMs: [], runMs: [] } }
      this.#open.set(name, entry)
    }
    return entry.sums
  }
}

function count(buckets: number[], ms: number): void {
  const found = bucketEndsMs.findIndex((end) => ms <= end)
  const index = found === -1 ? bucketEndsMs.length : found
  while (buckets.length <= index) buckets.push(0)
  buckets[index] = (buckets[index] ?? 0) + 1
}

function added(a: Sums, b: Sums): Sums {
  const outcomes = new Set([...Object.keys(a.ended), ...Object.keys(b.ended)] as (keyof Sums['ended'])[])
  return {
    enqueued: a.enqueued + b.enqueued,
    ended: Object.fromEntries(
      [...outcomes].map((outcome) => [outcome, (a.ended[outcome] ?? 0) + (b.ended[outcome] ?? 0)]),
    ),
    queueMs: addedBuckets(a.queueMs, b.queueMs),
    runMs: addedBuckets(a.runMs, b.runMs),
  }
}

function addedBuckets(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => (a[index] ?? 0) + (b[index] ?? 0))
}
