/**
 * Time that passes only when a test says so. Timers ring in the order of their time, those of one time in the order in
 * which they were set, and everything that a timer sets going has come to rest before the next one rings.
 */

interface Timer {
  readonly at: number
  readonly owner: string
  readonly callback: () => void
}

/** Beyond this much of its time a world that should have come to its end is taken for one that never will. */
const patienceMs = 24 * 3_600_000

export class Clock {
  #now = Date.parse('2026-03-01T12:00:00.000Z')
  #rung = 0
  /** The next one last: most timers are set for soon, and their place is found from there. */
  readonly #timers: Timer[] = []

  get now(): number {
    return this.#now
  }

  /** Timers that have rung. */
  get rung(): number {
    return this.#rung
  }

  /** When the next timer rings; Infinity when none is set. */
  get nextAt(): number {
    return this.#timers.at(-1)?.at ?? Number.POSITIVE_INFINITY
  }

  /** Timers that are set and have not rung, of this owner or of all. */
  pending(owner?: string): number {
    return this.#timers.filter((timer) => owner === undefined || timer.owner === owner).length
  }

  /**
   * Calls back at a moment, in whole milliseconds as clocks have them; one in the past means as soon as possible.
   * Answers how to call it off.
   */
  ring(at: number, callback: () => void, owner: string): () => void {
    const timer = { at: Math.max(Math.ceil(at), this.#now), owner, callback }
    let place = this.#timers.length
    while (place > 0 && (this.#timers[place - 1] as Timer).at <= timer.at) place--
    this.#timers.splice(place, 0, timer)
    return () => {
      const index = this.#timers.lastIndexOf(timer)
      if (index !== -1) this.#timers.splice(index, 1)
    }
  }

  /** Resolves after `ms`, for handlers of tests. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.ring(this.#now + ms, resolve, 'test')
    })
  }

  /** Lets this much time pass, and everything happen that happens in it. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await rest()
    while (this.nextAt <= end) await this.next()
    this.#now = end
  }

  /** Lets time pass until a promise is settled, and answers as it does. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.runWhile(() => !isSettled)
    return promise
  }

  /** Lets time pass, from timer to timer, as long as a condition holds. */
  async runWhile(condition: () => boolean): Promise<void> {
    const end = this.#now + patienceMs
    await rest()
    while (condition()) {
      if (this.#timers.length === 0)
        throw new Error('this world stands still: no timer is set, and what was waited for has not come')
      if (this.nextAt > end) throw new Error('what was waited for has not come within a day')
      await this.next()
    }
  }

  /** Until no timer of this owner is set any more. */
  async runUntilIdle(owner: string): Promise<void> {
    await this.runWhile(() => this.pending(owner) > 0)
  }

  /** Rings the next timer, if there is one, and lets everything come to rest. */
  async next(): Promise<void> {
    const timer = this.#timers.pop()
    if (!timer) return
    this.#now = timer.at
    this.#rung++
    timer.callback()
    await rest()
  }
}

/** Every promise that can go on has gone on: a macrotask comes after all microtasks. */
function rest(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
