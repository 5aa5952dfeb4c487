/**
 * The stats of each task and minute, in memory until they are written: when the last running job has ended, and once they are
 * a minute old. One row a task and minute. A reset loses what was not written: the rows of jobs are the truth.
 *
 * A transaction counts in stats of its own, which are taken over once it has committed, so that what is rolled back is not
 * counted.
 */
import type { AttemptOutcome, FailureReason } from '../../task/job.ts'
import {
  addedCosts,
  addedStats,
  countError,
  countIn,
  countOne,
  negated,
  noCosts,
  noStats,
  parsedStats,
} from '../domain/stats.ts'
import type { Costs, Stats } from '../protocol/stats.ts'
import type { minuteStatements } from '../storage/small-tables.ts'

/** How long minute stats are kept, in minutes. */
export const minutesKept = 48 * 60
/** Stats this old are written with the next transaction, whatever it is for. Their minute is over then. */
const openMsMax = 60_000

/** The stats of one task in one minute. */
export interface MinuteStat {
  readonly task: string
  /** Minutes since the epoch. */
  readonly minute: number
  /** When it was begun. */
  readonly since: number
  readonly stats: Stats
}

export class MinuteStats {
  readonly #spent: () => Costs
  #open = new Map<string, MinuteStat>()
  #oldest = Number.POSITIVE_INFINITY
  /** What had been spent when it was last flushed. */
  #recorded = noCosts()

  /** @param spent what this activation has spent so far */
  constructor(spent: () => Costs = noCosts) {
    this.#spent = spent
  }

  /** What is not flushed yet. */
  open(): Iterable<MinuteStat> {
    return this.#open.values()
  }

  countEnqueued(now: number, task: string): void {
    this.#at(now, task).enqueued++
  }

  countClaimed(now: number, task: string, queuedMs: number): void {
    countIn(this.#at(now, task).queue, queuedMs)
  }

  /** @param error the name of what was thrown, for an attempt that failed */
  countEnded(now: number, task: string, outcome: AttemptOutcome, ranMs: number, error?: string): void {
    const stats = this.#at(now, task)
    countOne(stats.ended, outcome)
    countIn(stats.run, ranMs)
    if (error !== undefined) countError(stats.errors, error)
  }

  /** Counts a job that nobody started in time. It has no attempt whose length could be counted. */
  countExpired(now: number, task: string): void {
    countOne(this.#at(now, task).ended, 'expired')
  }

  /** Counts a job that failed for good. */
  countFailed(now: number, task: string, reason: FailureReason): void {
    countOne(this.#at(now, task).failed, reason)
  }

  /**
   * Inside a transaction: writes stats that are in memory and stats that this transaction has counted. Answers what to do once it
   * has committed.
   *
   * @param all true to write everything, false to write only what is old
   */
  flush(rows: ReturnType<typeof minuteStatements>, counted: MinuteStats, now: number, all: boolean): () => void {
    const until = all ? Number.POSITIVE_INFINITY : now - openMsMax
    const isDue = all ? this.#open.size + counted.#open.size > 0 : this.#oldest <= until
    if (!isDue) return () => this.#take(counted.open())
    const merged = new MinuteStats()
    merged.#take([...this.open(), ...counted.open()])
    const due = [...merged.open()].filter(({ since }) => since <= until).sort((a, b) => a.minute - b.minute)
    const spent = this.#spent()
    for (const [index, minuteStat] of due.entries())
      write(rows, minuteStat, index === 0 ? addedCosts(spent, negated(this.#recorded)) : noCosts())
    return () => {
      this.#open = new Map()
      this.#oldest = Number.POSITIVE_INFINITY
      this.#take([...merged.open()].filter(({ since }) => since > until))
      if (due.length > 0) this.#recorded = spent
    }
  }

  #take(minuteStats: Iterable<MinuteStat>): void {
    for (const minuteStat of minuteStats) {
      const name = nameOf(minuteStat)
      const known = this.#open.get(name)
      const since = Math.min(minuteStat.since, known?.since ?? minuteStat.since)
      this.#open.set(
        name,
        known ? { ...minuteStat, since, stats: addedStats(known.stats, minuteStat.stats) } : minuteStat,
      )
      this.#oldest = Math.min(this.#oldest, since)
    }
  }

  #at(now: number, task: string): Stats {
    const minuteStat = { task, minute: Math.floor(now / 60_000), since: now }
    const name = nameOf(minuteStat)
    let known = this.#open.get(name)
    if (!known) {
      known = { ...minuteStat, stats: noStats() }
      this.#open.set(name, known)
      this.#oldest = Math.min(this.#oldest, now)
    }
    return known.stats
  }
}

function nameOf({ minute, task }: Pick<MinuteStat, 'minute' | 'task'>): string {
  return `${minute} ${task}`
}

/**
 * Adds stats to their row. The newest row of a task also holds its counters, so that these need no row of their own. The first row
 * of a flush also gets what the ledger has spent since the last flush. A clock that has stepped back adds to the newest minute.
 */
function write(rows: ReturnType<typeof minuteStatements>, { task, minute, stats }: MinuteStat, costs: Costs): void {
  const newest = rows.newest(task)
  const at = Math.max(minute, newest?.minute ?? minute)
  const before = parsedStats(newest?.counters)
  const ofMinute = at === newest?.minute ? addedStats(parsedStats(newest.stats), stats) : stats
  const counters = { ...addedStats(before, stats), costs: addedCosts(before.costs, costs) }
  const [sumsText, totalsText] = [JSON.stringify(ofMinute), JSON.stringify(counters)]
  const isTaken = at !== newest?.minute && rows.takeOver(task, at - minutesKept, at, sumsText, totalsText)
  if (!isTaken) rows.write(task, at, sumsText, totalsText)
}
