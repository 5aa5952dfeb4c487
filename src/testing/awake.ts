/**
 * How long a Durable Object is kept awake. The platform bills this duration: from the first thing that keeps the object
 * from hibernating until nothing does. Things that happen at the same time count once.
 */
import type { Clock } from './clock.ts'

export class Awake {
  readonly #clock: Pick<Clock, 'now'>
  #reasons = 0
  #since = 0
  #ms = 0

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock
  }

  /** Milliseconds so far, without a period that has not ended yet. */
  get ms(): number {
    return this.#ms
  }

  /**
   * Something starts that keeps the object awake: a call, a timer, a promise given to `waitUntil`.
   * @returns a function to call when it has ended
   */
  begin(): () => void {
    if (this.#reasons++ === 0) this.#since = this.#clock.now
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      if (--this.#reasons > 0) return
      this.#ms += this.#clock.now - this.#since
    }
  }
}
