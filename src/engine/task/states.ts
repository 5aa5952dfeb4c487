/**
 * The states of a job: one table of what the engine knows of each. SQL, counts, lists, queries and memory are made from it,
 * so a new state is a line here, its transitions, and its words for people.
 */

interface StateFacts {
  /** Only a redrive leaves it. */
  readonly isFinal: boolean
  /** A claim may take the job: at once, or once its time has come. */
  readonly isClaimable: 'now' | 'when due' | false
}

/**
 * Every state, who moves it on, and what happens if nobody does.
 *
 * - `scheduled`: waits for its time, or for the end of another job. The ledger's alarm; if it is lost, the watchdog.
 * - `queued`: waits for a runner. A wake-up; if it is lost, the ledger sends another.
 * - `running`: a runner holds the lease of one attempt. The runner settles it; if it dies, the lease lapses.
 * - `retrying`: an attempt failed or lapsed; waits for its next time. As `scheduled`.
 * - `completed`, `failed`, `cancelled`: final. Only a redrive moves them.
 */
const facts = {
  scheduled: { isFinal: false, isClaimable: 'when due' },
  queued: { isFinal: false, isClaimable: 'now' },
  running: { isFinal: false, isClaimable: false },
  retrying: { isFinal: false, isClaimable: 'when due' },
  completed: { isFinal: true, isClaimable: false },
  failed: { isFinal: true, isClaimable: false },
  cancelled: { isFinal: true, isClaimable: false },
} as const satisfies Record<string, StateFacts>

export type JobState = keyof typeof facts
export type FinalState = {
  [State in JobState]: (typeof facts)[State]['isFinal'] extends true ? State : never
}[JobState]

export const jobStates = Object.keys(facts) as readonly JobState[]
export const finalStates = jobStates.filter(isFinal)

/** True for a state that only a redrive leaves. */
export function isFinal(state: JobState): state is FinalState {
  return facts[state]?.isFinal === true
}

/** Whether a claim may take a job in this state: at once, when its time has come, or not. */
export function claimability(state: JobState): StateFacts['isClaimable'] {
  return facts[state]?.isClaimable ?? false
}

/** Jobs by state. */
export type StateCounts = Record<JobState, number>
