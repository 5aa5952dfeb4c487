/**
 * The one alarm of a ledger. Setting it replaces it; it outlives the object's memory. It may ring early, late or twice,
 * be thrown away, or stand armed and never ring.
 */

import type { Clock } from '../../engine/virtual/clock.ts'
import type { Weather } from '../weather.ts'

export interface AlarmPorts {
  readonly clock: Clock
  readonly weather: Weather
  /** The time as the ledger's machine has it: what it sets is meant by that clock. */
  readonly now: () => number
  readonly rings: () => void
}

/** The way from the platform's alarm to the object. */
const ringMs = 1

export class Alarm {
  #at: number | undefined
  #callOff: (() => void) | undefined
  /** The platform has lost it, and it is the watchdog's to find out. */
  isLost = false
  /** Times it was set: each is a row on the bill. */
  timesSet = 0

  constructor(private readonly ports: AlarmPorts) {}

  get at(): number | undefined {
    return this.#at
  }

  set(at: number): void {
    this.timesSet++
    this.isLost = false
    this.#arm(at)
  }

  /** A transaction was rolled back: what was armed before it stands again. */
  restore(at: number | undefined): void {
    if (at === this.#at) return
    if (at === undefined) this.#disarm()
    else this.#arm(at)
  }

  #disarm(): void {
    this.#callOff?.()
    this.#callOff = undefined
    this.#at = undefined
  }

  #arm(at: number): void {
    this.#disarm()
    this.#at = at
    const { clock, weather, now } = this.ports
    const waitMs = Math.max(0, at - now())
    const earlyMs = weather.strikes('alarmEarly') ? weather.upTo('alarmEarly', Math.min(waitMs, 60_000)) : 0
    const lateMs = weather.strikes('alarmLate') ? weather.upTo('alarmLate', 120_000) : 0
    this.#callOff = clock.ring(clock.now + ringMs + waitMs - earlyMs + lateMs, () => this.#due(), 'alarm')
  }

  #due(): void {
    const { weather, rings, clock } = this.ports
    if (weather.strikes('alarmStuck')) {
      this.isLost = true
      return
    }
    this.#at = undefined
    if (weather.strikes('alarmStolen')) {
      this.isLost = true
      return
    }
    if (weather.strikes('alarmDoubled')) clock.ring(clock.now + weather.upTo('alarmDoubled', 2_000), rings, 'alarm')
    rings()
  }
}
