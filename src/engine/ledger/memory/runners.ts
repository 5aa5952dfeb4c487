/** The runners that a ledger has heard of. */

/** A runner as its last sync left it. */
export interface RunnerState {
  heardAt: number
  /** The newest seq it spoke with, and the newest seq whose answer it has. */
  seq: number
  ack: number
  /** Jobs it would still take. */
  spare: number
  /** Its leases are good until then, on disk. 0: nothing is stored. */
  until: number
  /** It has nothing to do and comes back then, when a limit resets. */
  againAt?: number | undefined
  /** The last limit reset that it has come for. */
  cameFor?: number | undefined
}

export type Runners = Map<string, RunnerState>

/** A runner that said when it would come back is expected for so much longer. */
const returnGraceMs = 1_000

/** True for a runner that waits for a limit to reset, and is not late. */
export function isExpected({ againAt }: RunnerState, now: number): boolean {
  return againAt !== undefined && now < againAt + returnGraceMs
}

/** A runner that waits for a limit to reset. */
export function expectedRunner(runners: Runners, now: number): string | undefined {
  for (const [runner, state] of runners) if (isExpected(state, now)) return runner
  return undefined
}
