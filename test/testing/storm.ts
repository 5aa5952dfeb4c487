/**
 * Faults of all kinds in a virtual world, by its own chance: wake-ups are lost, doubled and late, calls fail before and
 * after they took effect, ledgers restart and invocations die. `pass` ends them.
 */
import { connectionLost, overloaded, superseded } from '../../src/testing/faults.ts'
import type { Fault } from '../../src/testing/ledger.ts'
import type { World } from '../../src/testing/world.ts'

/** The mean time between two restarts, and between two deaths, somewhere in the world. */
const restartEveryMs = 3_000
const deathEveryMs = 5_000

export class Storm {
  readonly world: World
  #isOver = false

  constructor(world: World) {
    this.world = world
    world.queue.fate = () => this.#fateOfWakeUp()
    for (const ledger of world.ledgers) ledger.fault = () => this.#faultOfCall()
    this.#again(restartEveryMs, () =>
      this.#any(world.ledgers)?.restart(world.chance.happens(0.5) ? superseded() : connectionLost()),
    )
    this.#again(deathEveryMs, () => this.#any(world.consumers.filter((invocation) => !invocation.isDead))?.die())
  }

  /** From now on everything goes right. */
  pass(): void {
    this.#isOver = true
  }

  #fateOfWakeUp(): number[] {
    const { chance } = this.world
    const late = () => chance.between(0, 3_000)
    if (this.#isOver) return [5]
    if (chance.happens(0.2)) return []
    return chance.happens(0.2) ? [5, late()] : [chance.happens(0.2) ? late() : 5]
  }

  #faultOfCall(): Fault | undefined {
    const { chance } = this.world
    if (this.#isOver || !chance.happens(0.08)) return undefined
    if (chance.happens(0.3)) return { when: 'late', ms: chance.between(10, 5_000) }
    const error = this.#any([connectionLost, superseded, overloaded, () => new Error('strange')]) ?? connectionLost
    return { when: chance.happens(0.5) ? 'before' : 'after', error: error() }
  }

  #again(everyMs: number, act: () => void): void {
    const { clock, chance } = this.world
    const next = () => {
      if (this.#isOver) return
      act()
      clock.ring(clock.now + chance.between(1, 2 * everyMs), next, 'storm')
    }
    clock.ring(clock.now + chance.between(1, 2 * everyMs), next, 'storm')
  }

  #any<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.world.chance.random() * list.length)]
  }
}
