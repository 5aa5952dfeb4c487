/** What the runners that a ledger knows of would take by themselves, and how many more there may be. */

import { leaseMs } from '../domain/lease.ts'
import type { RunnerState } from '../memory/memory.ts'
import { type Demand, jobsPerWakeUp } from './wake-ups.ts'

/** Runners at work for one shard at a time, at most. */
export const runnersMax = 8
/** A runner heard of this recently will be back at once for what it can take. */
const freshMs = 100
/** A runner that said when it would be back is believed for so much longer. */
const comesBackMs = 1_000
/** What a limit lets through at once is more than a runner may take at once: the one that came for it is back for more. */
const cameForMs = 250

type Runners = ReadonlyMap<string, RunnerState>

/** @param isHeld whether a runner's sync is held, so that it takes what comes */
export function demandOn(runners: Runners, ready: number, isHeld: (runner: string) => boolean, now: number): Demand {
  let spare = 0
  for (const [runner, { heardAt, spare: own, againAt, cameFor }] of runners) {
    const comesBack = againAt !== undefined && now < againAt + comesBackMs
    const isFresh = now - heardAt < freshMs
    if (isHeld(runner) || isFresh || comesBack) spare += own
    if (isFresh && cameFor !== undefined && now < cameFor + cameForMs) spare += jobsPerWakeUp
  }
  return { ready, spare, runnersFree: runnersMax - runnersAtWork(runners, now) }
}

export function runnersAtWork(runners: Runners, now: number): number {
  let count = 0
  for (const { heardAt } of runners.values()) if (now - heardAt < leaseMs / 2) count++
  return count
}
