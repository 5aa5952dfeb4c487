/**
 * The sums of each task and minute, in memory until they are flushed: with the last job that ran, and once they are a
 * minute old, one row a task and minute. A reset loses what was not flushed: rows of jobs are the truth, these are the
 * picture.
 *
 * A turn counts in tallies of its own, which are taken over once it has committed: what is rolled back never was.
 */
import type { AttemptOutcome, FailureReason } from '../../task/job.ts'
import {
  addedCosts,
  addedSums,
  type Costs,
  countError,
  countIn,
  countOne,
  negated,
  noCosts,
  noSums,
  type Sums,
  storedSums,
} from '../domain/stats.ts'
import type { tallyStatements } from '../storage/small-tables.ts'

/** How long tallies are kept, in minutes. */
export const tallyMinutesKept = 48 * 60
/** Sums this old are flushed with the next transaction, whoever's it is. Their minute is over then. */
const openMsMax = 60_000

/** The sums of one task in one minute. */
export interface Tally {
  readonly task: string
  /** Of the epoch. */
  readonly minute: number
  /** When it was begun. */
  readonly since: number
  readonly sums: Sums
}

export class Tallies {
  readonly #spent: () => Costs
  #open = new Map<string, Tally>()
  #oldest = Number.POSITIVE_INFINITY
  /** What had been spent when it was last flushed. */
  #told = noCosts()

  /** @param spent what this activation has spent so far */
  constructor(spent: () => Costs = noCosts) {
    this.#spent = spent
  }

  /** What is not flushed yet. */
  open(): Iterable<Tally> {
    return this.#open.values()
  }

  enqueued(now: number, task: string): void {
    this.#at(now, task).enqueued++
  }

  claimed(now: number, task: string, queuedMs: number): void {
    countIn(this.#at(now, task).queue, queuedMs)
  }

  /** @param error the name of what was thrown, for an attempt that failed */
  ended(now: number, task: string, outcome: AttemptOutcome, ranMs: number, error?: string): void {
    const sums = this.#at(now, task)
    countOne(sums.ended, outcome)
    countIn(sums.run, ranMs)
    if (error !== undefined) countError(sums.errors, error)
  }

  /** A job that nobody started in time: it has no attempt to count the length of. */
  expired(now: number, task: string): void {
    countOne(this.#at(now, task).ended, 'expired')
  }

  /** A job that failed for good. */
  failed(now: number, task: string, reason: FailureReason): void {
    countOne(this.#at(now, task).failed, reason)
  }

  /**
   * Inside a transaction: writes what is to be flushed, of what is open and of what this transaction has counted. Answers
   * what to do once it has committed.
   *
   * @param all true when everything is to be flushed, false when only what is old
   */
  flush(rows: ReturnType<typeof tallyStatements>, counted: Tallies, now: number, all: boolean): () => void {
    const until = all ? Number.POSITIVE_INFINITY : now - openMsMax
    const isDue = all ? this.#open.size + counted.#open.size > 0 : this.#oldest <= until
    if (!isDue) return () => this.#take(counted.open())
    const merged = new Tallies()
    merged.#take([...this.open(), ...counted.open()])
    const due = [...merged.open()].filter(({ since }) => since <= until).sort((a, b) => a.minute - b.minute)
    const spent = this.#spent()
    for (const [index, tally] of due.entries())
      write(rows, tally, index === 0 ? addedCosts(spent, negated(this.#told)) : noCosts())
    return () => {
      this.#open = new Map()
      this.#oldest = Number.POSITIVE_INFINITY
      this.#take([...merged.open()].filter(({ since }) => since > until))
      if (due.length > 0) this.#told = spent
    }
  }

  #take(tallies: Iterable<Tally>): void {
    for (const tally of tallies) {
      const name = nameOf(tally)
      const known = this.#open.get(name)
      const since = Math.min(tally.since, known?.since ?? tally.since)
      this.#open.set(name, known ? { ...tally, since, sums: addedSums(known.sums, tally.sums) } : tally)
      this.#oldest = Math.min(this.#oldest, since)
    }
  }

  #at(now: number, task: string): Sums {
    const tally = { task, minute: Math.floor(now / 60_000), since: now }
    const name = nameOf(tally)
    let known = this.#open.get(name)
    if (!known) {
      known = { ...tally, sums: noSums() }
      this.#open.set(name, known)
      this.#oldest = Math.min(this.#oldest, now)
    }
    return known.sums
  }
}

function nameOf({ minute, task }: Pick<Tally, 'minute' | 'task'>): string {
  return `${minute} ${task}`
}

/**
 * Adds a tally to its row. The newest row of a task also holds its totals, which therefore cost no row of their own; and
 * the first one of a flush what the ledger has spent since the last. A clock that steps back adds to the newest minute.
 */
function write(rows: ReturnType<typeof tallyStatements>, { task, minute, sums }: Tally, costs: Costs): void {
  const newest = rows.newest(task)
  const at = Math.max(minute, newest?.minute ?? minute)
  const before = storedSums(newest?.totals)
  const ofMinute = at === newest?.minute ? addedSums(storedSums(newest.sums), sums) : sums
  const totals = { ...addedSums(before, sums), costs: addedCosts(before.costs, costs) }
  const [sumsText, totalsText] = [JSON.stringify(ofMinute), JSON.stringify(totals)]
  const isTaken = at !== newest?.minute && rows.takeOver(task, at - tallyMinutesKept, at, sumsText, totalsText)
  if (!isTaken) rows.write(task, at, sumsText, totalsText)
}
