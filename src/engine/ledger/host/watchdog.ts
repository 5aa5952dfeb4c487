/**
 * Whether a watchdog comes by. Where one does, it sees to the sweep of finished jobs, and a ledger without live work needs
 * no alarm: a job that comes and goes alone then arms once and not twice.
 *
 * That it has come is stored, because an idle object forgets; once a day, so that a watchdog that was removed is missed
 * and sweeps have alarms of their own again.
 */
import type { factStatements } from '../storage/small-tables.ts'

const fact = 'watched'
const storedMs = 24 * 3_600_000

export class Watchdog {
  readonly #facts: ReturnType<typeof factStatements>
  #cameAt: number

  constructor(facts: ReturnType<typeof factStatements>) {
    this.#facts = facts
    this.#cameAt = facts.read<number>(fact) ?? Number.NEGATIVE_INFINITY
  }

  /** It has come. */
  came(now: number): void {
    if (this.isKnown(now)) return
    this.#facts.write(fact, now)
    this.#cameAt = now
  }

  /** True while what is stored says it well enough. */
  isKnown(now: number): boolean {
    return Math.abs(now - this.#cameAt) < storedMs
  }

  /** True when it can be counted on to come again. */
  comes(now: number): boolean {
    return Math.abs(now - this.#cameAt) < 2 * storedMs
  }
}
