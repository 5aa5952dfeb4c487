/**
 * What a runner has to tell its ledger of ended attempts, until the ledger has answered. A later sync may overtake an
 * earlier one, so it repeats what the earlier one settles; settling twice changes nothing.
 */
import type { Settlement } from '../ledger/protocol/sync.ts'

export class Outbox {
  #unsent: Settlement[] = []
  #seq = 0
  /** By their `seq`: the syncs that are neither answered nor given up, and what each was the first to settle. */
  readonly #open = new Map<number, readonly Settlement[]>()

  /** The number of the newest sync; 0 before the first. */
  get seq(): number {
    return this.#seq
  }

  /** True while something has ended that no sync has said yet. */
  get hasUnsent(): boolean {
    return this.#unsent.length > 0
  }

  /** True while a sync is neither answered nor given up. */
  get hasOpen(): boolean {
    return this.#open.size > 0
  }

  add(settlement: Settlement): void {
    this.#unsent.push(settlement)
  }

  /** The first sync was made by other means than this runner. */
  skipFirst(): void {
    this.#seq = Math.max(this.#seq, 1)
  }

  /** Counts one more sync, and returns its numbers and what it settles. */
  prepare(): { seq: number; ack: number; settle: Settlement[] } {
    const ack = this.#open.size === 0 ? this.#seq : Math.min(...this.#open.keys()) - 1
    return { seq: ++this.#seq, ack, settle: [...[...this.#open.values()].flat(), ...this.#unsent] }
  }

  markSent(seq: number): void {
    this.#open.set(seq, this.#unsent)
    this.#unsent = []
  }

  markAnswered(seq: number): void {
    this.#open.delete(seq)
  }

  /** Nobody knows whether that sync took effect. What it was the first to settle is said again. */
  takeBack(seq: number): void {
    this.#unsent = [...(this.#open.get(seq) ?? []), ...this.#unsent]
    this.#open.delete(seq)
  }
}
