/**
 * When limits open, and who is there then. A runner that waits for an opening costs nothing, so the ledger sees to it that
 * one does: the runner that has filled the limit is told when to come back, and where that has left, another is sent for
 * before the moment. The alarm stands behind both.
 */

import { wakeUpTimeoutMs } from '../transaction/transaction.ts'
import type { Limits } from './limits.ts'
import type { Memory } from './memory.ts'

/** A limit that opens this soon is worth a runner's waiting. */
const comesBackMsMax = 10_000
/** How long the alarm waits for a runner that said it would come back. */
const comesBackGraceMs = 5_000

export class LimitResets {
  readonly #memory: Memory
  readonly #limits: Limits

  constructor(memory: Memory, limits: Limits) {
    this.#memory = memory
    this.#limits = limits
  }

  /** When the next limit opens that holds jobs back. */
  next(): number | undefined {
    return this.#limits.nextOpeningAt()
  }

  /** The same, if it is worth waiting for. */
  nextSoon(now: number): number | undefined {
    const at = this.next()
    return at === undefined || at - now > comesBackMsMax ? undefined : at
  }

  /** When the ledger should look whether a limit has opened and nobody has come. */
  lookAt(now: number): number | undefined {
    const at = this.next()
    if (at === undefined) return undefined
    if (this.#memory.expectedRunner(now) !== undefined) return at + comesBackGraceMs
    // A runner is sent for so soon before it, and has the time that any wake-up has.
    return this.nextSoon(now) === undefined ? at : at + wakeUpTimeoutMs
  }

  /** True when jobs wait for a limit that opens soon, and nobody is told to come then. */
  awaitsRunner(now: number): boolean {
    const isExpected = this.#memory.ready.size === 0 || this.#memory.expectedRunner(now) !== undefined
    return !isExpected && this.nextSoon(now) !== undefined
  }

  /** When a runner with nothing to do is to come back, because a limit opens then. One is enough. */
  comesBackAt(runner: string, now: number): number | undefined {
    const expected = this.#memory.expectedRunner(now)
    return expected === undefined || expected === runner ? this.nextSoon(now) : undefined
  }
}
