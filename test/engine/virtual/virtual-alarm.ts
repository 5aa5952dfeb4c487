/** The one alarm of a Durable Object. Setting it replaces it; it outlives the object's memory. */
import type { Clock } from './clock.ts'

export class VirtualAlarm {
  #at: number | undefined
  #callOff: (() => void) | undefined
  /** The platform has lost its way: the alarm is armed and does not ring. */
  isStuck = false
  /** Times it was set: each is a row on the bill. */
  timesSet = 0
  /** Times it rang: each wakes the object. */
  timesRung = 0

  constructor(
    private readonly clock: Clock,
    private readonly rings: () => void,
  ) {}

  get at(): number | undefined {
    return this.#at
  }

  set(at: number | undefined): void {
    this.#callOff?.()
    this.#at = at
    this.#callOff =
      at === undefined
        ? undefined
        : this.clock.ring(
            at,
            () => {
              if (this.isStuck) return
              this.#at = undefined
              this.timesRung++
              this.rings()
            },
            'alarm',
          )
    this.timesSet++
  }

  /** Runs a transaction with the alarm in it: a throw puts back what was armed. */
  within<T>(transaction: () => T): T {
    const before = this.#at
    try {
      return transaction()
    } catch (error) {
      if (this.#at !== before) this.set(before)
      throw error
    }
  }
}
