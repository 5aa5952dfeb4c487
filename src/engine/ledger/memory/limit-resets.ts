/**
 * When limits reset, and who is there then. A runner that waits for a reset costs nothing, so the ledger sees to it that one
 * does: the runner that has used up the limit is told when to come back, and where that runner has left, a wake-up is sent
 * before the reset. The alarm stands behind both.
 */
import { wakeUpTimeoutMs } from '../domain/timeouts.ts'
import type { Limits } from './limits.ts'
import type { Memory } from './memory.ts'
import { expectedRunner } from './runners.ts'

/** A limit that resets this soon is worth a runner's waiting. */
const soonMsMax = 10_000
/** How long the alarm waits for a runner that said it would come back. */
const returnTimeoutMs = 5_000

export class LimitResets {
  readonly #memory: Memory
  readonly #limits: Limits

  constructor(memory: Memory, limits: Limits) {
    this.#memory = memory
    this.#limits = limits
  }

  /** When the next limit resets that holds jobs back. */
  get nextAt(): number | undefined {
    return this.#limits.nextResetAt
  }

  /** The same, if it is soon enough to wait for. */
  soon(now: number): number | undefined {
    const at = this.nextAt
    return at === undefined || at - now > soonMsMax ? undefined : at
  }

  /** When the ledger checks whether a limit has reset and no runner has come. */
  checkAt(now: number): number | undefined {
    const at = this.nextAt
    if (at === undefined) return undefined
    if (expectedRunner(this.#memory.runners, now) !== undefined) return at + returnTimeoutMs
    // A wake-up is sent before a reset that is soon, and has the time that any wake-up has.
    return this.soon(now) === undefined ? at : at + wakeUpTimeoutMs
  }

  /** True when jobs wait for a limit that resets soon, and no runner is told to come then. */
  needsRunner(now: number): boolean {
    const isExpected = this.#memory.ready.size === 0 || expectedRunner(this.#memory.runners, now) !== undefined
    return !isExpected && this.soon(now) !== undefined
  }

  /** When a runner with nothing to do is to come back because a limit resets. One runner is enough. */
  returnAt(runner: string, now: number): number | undefined {
    const expected = expectedRunner(this.#memory.runners, now)
    return expected === undefined || expected === runner ? this.soon(now) : undefined
  }
}
