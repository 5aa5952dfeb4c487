/** The sums over all runs: for the progress line, the closing report and `--json`. */

export interface Violation {
  readonly seed: number
  /** The promise that did not hold: `I1` to `I13`, or `error` where something was thrown that must not be. */
  readonly invariant: string
  readonly message: string
}

/** Things that happened, by name. */
export type MinuteStat = Record<string, number>

/** One run. */
export interface RunFigures {
  readonly seed: number
  readonly steps: number
  readonly violation: Violation | undefined
  /** Two runs of the same seed have the same trace. */
  readonly trace: number
  readonly minuteStat: MinuteStat
}

export interface Figures {
  seeds: number
  steps: number
  seconds: number
  readonly violations: Violation[]
  /** Side effects by job, faults and other things that happened. */
  readonly effects: MinuteStat
}

export function noFigures(): Figures {
  return { seeds: 0, steps: 0, seconds: 0, violations: [], effects: {} }
}

export function add(sum: Figures, { steps, violation, minuteStat }: RunFigures): void {
  sum.seeds++
  sum.steps += steps
  if (violation) sum.violations.push(violation)
  for (const [name, count] of Object.entries(minuteStat)) sum.effects[name] = (sum.effects[name] ?? 0) + count
}
