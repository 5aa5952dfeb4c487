/** The one alarm of a ledger. Setting it replaces it. It outlives the memory of the ledger. */
import type { Clock } from './clock.ts'

/**
 * What becomes of an alarm whose time has come. `stuck`: it stays armed and never rings. `lost`: it is gone without having
 * rung. `againInMs`: it rings, and rings once more after that time.
 */
export type AlarmFate = 'rings' | 'stuck' | 'lost' | { readonly againInMs: number }

export interface AlarmPorts {
  readonly clock: Clock
  /** The time by the clock of the ledger's machine: what the ledger sets is meant by that clock. */
  readonly now: () => number
  readonly ring: () => void
}

export class VirtualAlarm {
  /** How much later than its time the alarm rings; less than 0: earlier. Asked when it is armed. */
  delay: (waitMs: number) => number = () => 0
  /** Asked when the alarm's time has come. */
  fate: () => AlarmFate = () => 'rings'
  /** The platform has lost the alarm: only the watchdog can find out. */
  isLost = false
  /** How often the alarm was set. Each time is a row on the bill. */
  timesSet = 0
  /** How often it rang. Each time wakes the object. */
  timesRung = 0
  readonly #ports: AlarmPorts
  #at: number | undefined
  #cancel: (() => void) | undefined

  constructor(ports: AlarmPorts) {
    this.#ports = ports
  }

  get at(): number | undefined {
    return this.#at
  }

  /** Undefined removes the alarm, as an accident would. */
  set(at: number | undefined): void {
    this.timesSet++
    this.isLost = false
    if (at === undefined) this.#disarm()
    else this.#arm(at)
  }

  /** A transaction was rolled back: the alarm is again what it was before. */
  restore(at: number | undefined): void {
    if (at === this.#at) return
    if (at === undefined) this.#disarm()
    else this.#arm(at)
  }

  #disarm(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = undefined
  }

  #arm(at: number): void {
    this.#disarm()
    this.#at = at
    const { clock, now } = this.#ports
    const waitMs = Math.max(0, at - now())
    this.#cancel = clock.ring(clock.now + waitMs + this.delay(waitMs), () => this.#due(), 'alarm')
  }

  #due(): void {
    const { clock } = this.#ports
    const fate = this.fate()
    if (fate === 'stuck' || fate === 'lost') {
      this.isLost = true
      if (fate === 'lost') this.#at = undefined
      return
    }
    this.#at = undefined
    if (typeof fate === 'object') clock.ring(clock.now + fate.againInMs, () => this.#ring(), 'alarm')
    this.#ring()
  }

  #ring(): void {
    this.timesRung++
    this.#ports.ring()
  }
}
