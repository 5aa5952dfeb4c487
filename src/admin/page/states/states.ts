/**
 * The states of a job: one table of what the dashboard knows of each, in the order in which they are shown. Lists, counts, filters,
 * signs and sentences are made from it, so a new state is a line here, and its colour in states.css.
 *
 * The dashboard runs in a browser and imports nothing of the Worker. test/admin/page/states.node.test.ts compares this table with the
 * engine's.
 */

interface StateFacts {
  /** What the job waits for: its time, or a runner. Or its attempt runs, or it has ended. */
  readonly phase: 'due' | 'ready' | 'running' | 'ended'
  /** Its newest attempt did not succeed, and there will be another. */
  readonly isRetry?: true
  /** Its sign, in a square of 16 by 16. Each has a shape of its own, so that nobody has to distinguish colours. */
  readonly sign: { readonly path: string; readonly inRing?: true; readonly isSolid?: true }
}

const facts = {
  scheduled: { phase: 'due', sign: { inRing: true, path: 'M8 4.8V8l2.2 1.6' } },
  queued: { phase: 'ready', sign: { inRing: true, path: 'M5.2 8h.1m2.7 0h.1m2.6 0h.1' } },
  running: { phase: 'running', sign: { inRing: true, path: 'm6.6 5.2 4.2 2.8-4.2 2.8Z', isSolid: true } },
  retrying: { phase: 'due', isRetry: true, sign: { path: 'M13.5 8a5.5 5.5 0 1 1-1.8-4.1M12.4 1.6v2.8H9.6' } },
  completed: { phase: 'ended', sign: { path: 'm2.8 8.6 3.4 3.6 7-8' } },
  failed: { phase: 'ended', sign: { path: 'm4.5 4.5 7 7m0-7-7 7' } },
  cancelled: { phase: 'ended', sign: { inRing: true, path: 'm4 12 8-8' } },
} as const satisfies Record<string, StateFacts>

export type JobState = keyof typeof facts
export type Counts = Record<JobState, number>

export const states = Object.keys(facts) as readonly JobState[]
export const liveStates = states.filter((state) => !isFinal(state))
export const finalStates = states.filter(isFinal)

export function factsOf(state: JobState): StateFacts {
  return facts[state]
}

export function isFinal(state: JobState): boolean {
  return facts[state].phase === 'ended'
}

export function isState(text: string): text is JobState {
  return Object.hasOwn(facts, text)
}

export function sumOf(counts: Counts, some: readonly JobState[] = states): number {
  return some.reduce((sum, state) => sum + counts[state], 0)
}

/** Jobs that are not final yet. */
export function unfinished(counts: Counts): number {
  return sumOf(counts, liveStates)
}

/** Jobs that wait for their time or for a runner. */
export function waiting(counts: Counts): number {
  return sumOf(counts, waitingStates)
}

const waitingStates = liveStates.filter((state) => facts[state].phase !== 'running')
