/**
 * How long a Durable Object is kept awake, which is what its seconds are billed by: from the first thing that keeps it from
 * hibernating until nothing does. Things that go on at once count once.
 */
import type { Clock } from './clock.ts'

export class Awake {
  #reasons = 0
  #since = 0
  #ms = 0
  #restedAt = 0

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /** Milliseconds so far, of what has come to its end. */
  get ms(): number {
    return this.#ms
  }

  /** Since when nothing keeps it awake; undefined while something does. */
  get idleSince(): number | undefined {
    return this.#reasons === 0 ? this.#restedAt : undefined
  }

  /** Something begins that keeps the object awake: a call, a timer, a promise it waits for. Answers how to end it. */
  begins(): () => void {
    if (this.#reasons++ === 0) this.#since = this.clock.now
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      if (--this.#reasons > 0) return
      this.#restedAt = this.clock.now
      this.#ms += this.#restedAt - this.#since
    }
  }
}
