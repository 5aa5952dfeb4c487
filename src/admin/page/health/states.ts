/** The states of a job in the order in which they are shown, and which of them are final. */
import type { Counts, JobState } from '../api/wire.ts'

export const liveStates = ['scheduled', 'queued', 'running', 'retrying'] as const satisfies readonly JobState[]
export const finalStates = ['completed', 'failed', 'cancelled'] as const satisfies readonly JobState[]
export const states: readonly JobState[] = [...liveStates, ...finalStates]

export function isFinal(state: JobState): boolean {
  return (finalStates as readonly JobState[]).includes(state)
}

export function isState(text: string): text is JobState {
  return (states as readonly string[]).includes(text)
}

/** Jobs that are not final yet. */
export function unfinished(counts: Counts): number {
  return liveStates.reduce((sum, state) => sum + counts[state], 0)
}

export function sumOf(counts: Counts): number {
  return states.reduce((sum, state) => sum + counts[state], 0)
}
