/** What the known runners of a ledger would take by themselves, and how many more runners there may be. */
import { leaseMs } from '../domain/lease.ts'
import { isExpected, type Runners } from '../memory/runners.ts'
import { type Demand, jobsPerWakeUp } from './wake-ups.ts'

/** Runners at work for one shard at a time. */
export const runnersMax = 8
/** A runner that was heard of this recently is back at once for what it can take. */
const freshMs = 100
/** A limit lets more through at once than a runner may take at once: the runner that came for it is back for more. */
const cameForMs = 250

/** @param isHeld true when a runner's sync is held, so that it takes what comes */
export function demandOn(runners: Runners, ready: number, isHeld: (runner: string) => boolean, now: number): Demand {
  let spare = 0
  for (const [runner, state] of runners) {
    const isFresh = now - state.heardAt < freshMs
    if (isHeld(runner) || isFresh || isExpected(state, now)) spare += state.spare
    if (isFresh && state.cameFor !== undefined && now < state.cameFor + cameForMs) spare += jobsPerWakeUp
  }
  return { ready, spare, runnersFree: runnersMax - runnersAtWork(runners, now) }
}

export function runnersAtWork(runners: Runners, now: number): number {
  let count = 0
  for (const { heardAt } of runners.values()) if (now - heardAt < leaseMs / 2) count++
  return count
}
