/**
 * The one alarm of a ledger, as this activation knows it. Arming is part of the transaction that needs it: the platform takes
 * an alarm back when its transaction rolls back, and so does this.
 */
export class Alarm {
  readonly #set: (at: number) => void
  readonly #isHalted: () => boolean
  #at: number | undefined

  /** @param at what is armed at activation, or undefined */
  constructor(set: (at: number) => void, isHalted: () => boolean, at: number | undefined) {
    this.#set = set
    this.#isHalted = isHalted
    this.#at = at
  }

  /** When it will ring; undefined when it is not armed. */
  get at(): number | undefined {
    return this.#at
  }

  isBefore(at: number): boolean {
    return this.#at !== undefined && this.#at <= at
  }

  /** Arms it, whatever was armed. Outside of a transaction. */
  arm(at: number): void {
    if (this.#isHalted()) return
    this.#set(at)
    this.#at = at
  }

  /** Arms it unless it rings by then. Outside of a transaction. */
  armBy(at: number): void {
    if (!this.isBefore(at)) this.arm(at)
  }

  /**
   * Inside a transaction: arms it unless it rings by then. Moving an alarm that rings in time would be a row written for
   * nothing. Answers what to do once the transaction has committed.
   *
   * @param waitingAt by when other work needs it, should none be armed. It was not needed, or it was lost; arming for this
   * transaction alone would hide from the watchdog what waits already.
   */
  armWithin(at: number, waitingAt: () => number): () => void {
    if (this.#isHalted() || at === Number.POSITIVE_INFINITY || this.isBefore(at)) return () => {}
    const earliest = this.#at === undefined ? Math.min(at, waitingAt()) : at
    this.#set(earliest)
    return () => {
      this.#at = earliest
    }
  }

  /** It has rung: none is armed now. */
  onRung(): void {
    this.#at = undefined
  }
}
