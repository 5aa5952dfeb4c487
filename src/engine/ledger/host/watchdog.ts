/**
 * Whether a watchdog looks at this ledger from time to time. Where one does, it sees to the sweep of finished jobs, and a ledger
 * without live work needs no alarm: a job that comes and goes alone then arms the alarm once and not twice.
 *
 * Its look is stored, because an idle object forgets; once a day, so that sweeps have alarms of their own again some time after a
 * watchdog was removed.
 */
import type { factStatements } from '../storage/small-tables.ts'

const fact = 'watched'
const storedMs = 24 * 3_600_000

export class Watchdog {
  readonly #facts: ReturnType<typeof factStatements>
  #lookedAt: number

  constructor(facts: ReturnType<typeof factStatements>) {
    this.#facts = facts
    this.#lookedAt = facts.read<number>(fact) ?? Number.NEGATIVE_INFINITY
  }

  /** It looks. */
  onLook(now: number): void {
    if (this.isKnown(now)) return
    this.#facts.write(fact, now)
    this.#lookedAt = now
  }

  /** True while its stored look is recent enough to need no other. */
  isKnown(now: number): boolean {
    return Math.abs(now - this.#lookedAt) < storedMs
  }

  /** True when it can be counted on to look again. */
  isComing(now: number): boolean {
    return Math.abs(now - this.#lookedAt) < 2 * storedMs
  }
}
