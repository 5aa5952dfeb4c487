/** Decides what goes wrong, and when: the faults of a plan, each with random numbers of its own, until the storm is over. */
import { Dice } from '../../src/testing/chance.ts'
import type { Faults } from './faults.ts'

export class Weather {
  isOver = false
  /** How often each fault struck. */
  readonly struck: Record<string, number> = {}
  readonly faults: Faults
  readonly #seed: number
  readonly #dice = new Map<string, Dice>()

  constructor(seed: number, faults: Faults) {
    this.#seed = seed
    this.faults = faults
  }

  /** True when this fault strikes now. */
  strikes(fault: keyof Faults): boolean {
    if (this.isOver || this.faults[fault] === 0) return false
    if (!this.dice(fault).happens(this.faults[fault])) return false
    this.count(fault)
    return true
  }

  /** A whole number from 0 to `max`, from this fault's random numbers. */
  upTo(fault: keyof Faults, max: number): number {
    return this.dice(fault).between(0, Math.floor(max))
  }

  dice(concern: string): Dice {
    let dice = this.#dice.get(concern)
    if (!dice) {
      dice = new Dice(this.#seed, concern)
      this.#dice.set(concern, dice)
    }
    return dice
  }

  count(fault: string): void {
    this.struck[fault] = (this.struck[fault] ?? 0) + 1
  }
}
