/** Random numbers from a seed. The same seed gives the same numbers in the same order. */
export class Chance {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed
    this.#state = seed >>> 0
  }

  /** A number from 0 up to 1. Mulberry32, called twice for 53 bits: ids and leases made from it must not collide. */
  random(): number {
    return (this.#bits() * 2 ** 21 + (this.#bits() >>> 11)) / 2 ** 53
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + Math.floor(this.random() * (max - min + 1))
  }

  /** True with this probability. */
  happens(probability: number): boolean {
    return this.random() < probability
  }

  #bits(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }
}

/** Chance for one concern of a seed. Each concern has a stream of its own, so that more draws of one change no other. */
export class Dice extends Chance {
  constructor(seed: number, concern: string) {
    super(mixed(seed, concern))
  }

  /** One element of a list that is not empty. */
  one<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T
  }
}

/** FNV-1a over the concern, started at the seed. */
function mixed(seed: number, concern: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0
  for (let index = 0; index < concern.length; index++)
    hash = Math.imul(hash ^ concern.charCodeAt(index), 0x01000193) >>> 0
  return hash
}
