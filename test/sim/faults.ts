/** The faults that a run may draw, each with its strength. 0 is off. A strength is a probability unless its name ends in Ms. */
export interface Faults {
  readonly wakeUpLost: number
  readonly wakeUpDoubled: number
  readonly wakeUpLate: number
  readonly wakeUpHoursLate: number
  readonly sendFailsBefore: number
  readonly sendFailsAfter: number
  /** A call fails before or after it took effect, its answer is late, its ledger is overloaded, or its error is unknown. */
  readonly rpcBefore: number
  readonly rpcAfter: number
  readonly rpcSlow: number
  readonly rpcOverloaded: number
  readonly rpcStrange: number
  /** One isolate reaches no ledger for up to two minutes, which is longer than a lease. */
  readonly silentEveryMs: number
  /** A ledger is reset at a statement, right after a commit, or between two events. */
  readonly resetInStatement: number
  readonly resetAfterCommit: number
  readonly resetEveryMs: number
  readonly sqlError: number
  readonly alarmEarly: number
  readonly alarmLate: number
  readonly alarmDoubled: number
  readonly alarmStolen: number
  readonly alarmStuck: number
  readonly watchdogLate: number
  /** A whole isolate dies with every invocation in it, one invocation dies, or a machine dies while it awaits an answer. */
  readonly isolateDiesEveryMs: number
  readonly invocationDiesEveryMs: number
  readonly diesAtAwait: number
  /** Consumers are cut after at most this long, and not after fifteen minutes. */
  readonly cutEarlyMs: number
  readonly subrequestsFew: number
  readonly clockSkewMs: number
  readonly clockStepsEveryMs: number
  /** The share of isolates, and of ledger activations, that run the previous release. */
  readonly oldVersion: number
  /** The share of previous releases whose requests lack the fields that were added since. */
  readonly oldRequests: number
}

export const noFaults: Faults = {
  wakeUpLost: 0,
  wakeUpDoubled: 0,
  wakeUpLate: 0,
  wakeUpHoursLate: 0,
  sendFailsBefore: 0,
  sendFailsAfter: 0,
  rpcBefore: 0,
  rpcAfter: 0,
  rpcSlow: 0,
  rpcOverloaded: 0,
  rpcStrange: 0,
  silentEveryMs: 0,
  resetInStatement: 0,
  resetAfterCommit: 0,
  resetEveryMs: 0,
  sqlError: 0,
  alarmEarly: 0,
  alarmLate: 0,
  alarmDoubled: 0,
  alarmStolen: 0,
  alarmStuck: 0,
  watchdogLate: 0,
  isolateDiesEveryMs: 0,
  invocationDiesEveryMs: 0,
  diesAtAwait: 0,
  cutEarlyMs: 0,
  subrequestsFew: 0,
  clockSkewMs: 0,
  clockStepsEveryMs: 0,
  oldVersion: 0,
  oldRequests: 0,
}
