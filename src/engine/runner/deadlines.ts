/**
 * The deadlines of many attempts over one timer of the platform. Each attempt has a deadline, hardly any is reached, and to
 * set and call off a timer for each would cost more than a short job.
 */
import type { Platform } from '../task/platform.ts'

interface Deadline {
  readonly at: number
  readonly act: () => void
}

export class Deadlines {
  readonly #platform: Pick<Platform, 'now' | 'timer'>
  readonly #pending = new Set<Deadline>()
  #armed: { readonly at: number; readonly callOff: () => void } | undefined

  constructor(platform: Pick<Platform, 'now' | 'timer'>) {
    this.#platform = platform
  }

  /** As the platform's `timer`: calls `act` after `ms`, unless the function that it returns is called before. */
  timer(ms: number, act: () => void): () => void {
    const deadline = { at: this.#platform.now() + Math.max(0, ms), act }
    this.#pending.add(deadline)
    this.#arm(deadline.at)
    return () => {
      this.#pending.delete(deadline)
      // The last one takes the timer with it. Otherwise the timer rings, finds no deadline due, and is set again.
      if (this.#pending.size === 0) this.#disarm()
    }
  }

  #arm(at: number): void {
    if (this.#armed && this.#armed.at <= at) return
    this.#disarm()
    this.#armed = { at, callOff: this.#platform.timer(at - this.#platform.now(), () => this.#ring()) }
  }

  #disarm(): void {
    this.#armed?.callOff()
    this.#armed = undefined
  }

  #ring(): void {
    this.#armed = undefined
    const now = this.#platform.now()
    const due = [...this.#pending].filter(({ at }) => at <= now)
    for (const deadline of due) {
      this.#pending.delete(deadline)
      deadline.act()
    }
    if (this.#pending.size > 0) this.#arm(Math.min(...[...this.#pending].map(({ at }) => at)))
  }
}
