/** Chance of a run: one stream a concern, all from the seed, so that leaving one fault out moves no other. */
import { Chance } from '../engine/virtual/chance.ts'

export class Dice extends Chance {
  constructor(seed: number, concern: string) {
    super(mixed(seed, concern))
  }

  /** One of a list that is not empty. */
  one<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T
  }
}

/** FNV-1a over the concern, begun at the seed. */
function mixed(seed: number, concern: string): number {
  let hash = (seed ^ 0x811c9dc5) >>> 0
  for (let index = 0; index < concern.length; index++)
    hash = Math.imul(hash ^ concern.charCodeAt(index), 0x01000193) >>> 0
  return hash
}
