/**
 * How many jobs are in each state, without a row a change and without a scan that grows.
 *
 * Jobs at or above the mark are counted on activation, which reads them anyway. Of those below it the counts are a
 * stored fact: written with the transaction that changes one of them, and when the mark moves (I12).
 */
import { isFinal, type JobState, jobStates } from '../task/job.ts'

export type StateCounts = Record<JobState, number>

export function noCounts(): StateCounts {
  return Object.fromEntries(jobStates.map((state) => [state, 0])) as StateCounts
}

export class Counts {
  above: StateCounts = noCounts()
  below: StateCounts = noCounts()

  move(side: 'above' | 'below', from: JobState | undefined, to: JobState | undefined): void {
    if (from) this[side][from]--
    if (to) this[side][to]++
  }

  total(): StateCounts {
    const sum = noCounts()
    for (const state of jobStates) sum[state] = this.above[state] + this.below[state]
    return sum
  }

  /** Finished jobs that activation still has to read past. */
  finishedAbove(): number {
    return jobStates.filter(isFinal).reduce((sum, state) => sum + this.above[state], 0)
  }
}
