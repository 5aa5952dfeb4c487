/**
 * How many jobs of each task are in each state, without a row written for each change and without a scan that grows.
 *
 * Jobs at or above the watermark are counted on activation, which reads them anyway. So are the few oldest ones, whose rows are
 * recyclable. The counts of the jobs in between are a stored fact: it is written with the transaction that changes one of them,
 * and when a cursor moves (I12).
 */
import { isFinal, type JobState, jobStates, type StateCounts } from '../../task/states.ts'

/** Counts by task. A task without jobs is left out. */
export type TaskCounts = Readonly<Record<string, StateCounts>>

/** One job comes, goes or changes its state. */
export interface CountMove {
  readonly task: string
  readonly from: JobState | undefined
  readonly to: JobState | undefined
}

export function noCounts(): StateCounts {
  return Object.fromEntries(jobStates.map((state) => [state, 0])) as StateCounts
}

/** The counts after these moves. */
export function movedCounts(counts: TaskCounts, moves: Iterable<CountMove>): TaskCounts {
  const next: Record<string, StateCounts> = { ...counts }
  for (const { task, from, to } of moves) {
    const own = { ...(ownOf(next, task) ?? noCounts()) }
    if (from) own[from]--
    if (to) own[to]++
    next[task] = own
  }
  return kept(next)
}

function kept(counts: TaskCounts): TaskCounts {
  return Object.fromEntries(Object.entries(counts).filter(([, own]) => jobStates.some((state) => own[state] !== 0)))
}

/** Counts from what a statement has found. */
export function countsOf(found: readonly { task: string; state: JobState; n: number }[]): TaskCounts {
  const counts: Record<string, StateCounts> = {}
  for (const { task, state, n } of found) {
    const own = ownOf(counts, task) ?? noCounts()
    own[state] += n
    counts[task] = own
  }
  return counts
}

export function addedCounts(...all: readonly TaskCounts[]): TaskCounts {
  const sum: Record<string, StateCounts> = {}
  for (const [task, own] of all.flatMap((counts) => Object.entries(counts))) {
    const counts = ownOf(sum, task) ?? noCounts()
    for (const state of jobStates) counts[state] += own[state]
    sum[task] = counts
  }
  return kept(sum)
}

/** Counts that take these away when they are added. */
export function negatedCounts(counts: TaskCounts): TaskCounts {
  return Object.fromEntries(
    Object.entries(counts).map(([task, own]) => [
      task,
      Object.fromEntries(jobStates.map((state) => [state, -own[state]])) as StateCounts,
    ]),
  )
}

/** The number of jobs in these counts. */
export function sizeOf(counts: TaskCounts): number {
  return Object.values(totalOf(counts)).reduce((sum, n) => sum + n, 0)
}

export function totalOf(counts: TaskCounts): StateCounts {
  const sum = noCounts()
  for (const own of Object.values(counts)) for (const state of jobStates) sum[state] += own[state]
  return sum
}

export class Counts {
  #above: Record<string, StateCounts> = {}
  #finishedAbove = 0
  /** Of the jobs below the watermark without the recyclable ones, and of the recyclable ones. */
  below: TaskCounts = {}
  recyclable: TaskCounts = {}

  moveAbove({ task, from, to }: CountMove): void {
    let own = ownOf(this.#above, task)
    if (!own) {
      own = noCounts()
      this.#above[task] = own
    }
    if (from) own[from]--
    if (to) own[to]++
    this.#finishedAbove += finished(to) - finished(from)
  }

  /** So many jobs at or above the watermark were found in this state. */
  foundAbove(task: string, state: JobState, n: number): void {
    const own = ownOf(this.#above, task) ?? noCounts()
    own[state] += n
    this.#above[task] = own
    if (isFinal(state)) this.#finishedAbove += n
  }

  /** The watermark has passed these. */
  removeCrossed(counts: readonly { readonly task: string; readonly state: JobState; readonly n: number }[]): void {
    for (const { task, state, n } of counts) {
      const own = ownOf(this.#above, task)
      if (own) own[state] -= n
      if (isFinal(state)) this.#finishedAbove -= n
    }
  }

  total(): StateCounts {
    return totalOf(this.byTask())
  }

  byTask(): TaskCounts {
    return addedCounts(this.#above, this.below, this.recyclable)
  }

  /** Finished jobs that activation has to read past. */
  get finishedAbove(): number {
    return this.#finishedAbove
  }
}

/** A task may have the name of a property that every object has, such as `constructor`. */
function ownOf(counts: TaskCounts, task: string): StateCounts | undefined {
  return Object.hasOwn(counts, task) ? counts[task] : undefined
}

function finished(state: JobState | undefined): 0 | 1 {
  return state !== undefined && isFinal(state) ? 1 : 0
}
