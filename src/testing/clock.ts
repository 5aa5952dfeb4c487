/**
 * A clock that only moves when a test moves it. Timers ring in the order of their times; timers of the same time ring in
 * the order in which they were set. Before the next timer rings, all promises that can settle have settled.
 */

interface Timer {
  readonly at: number
  readonly owner: string
  readonly callback: () => void
}

/** How far the clock moves at most while it waits for something. After that, the wait fails. */
const waitMaxMs = 24 * 3_600_000

export class Clock {
  #now = Date.parse('2026-03-01T12:00:00.000Z')
  #rung = 0
  /** Sorted, the next timer last: most timers are set for soon, so their position is found from the end. */
  readonly #timers: Timer[] = []

  get now(): number {
    return this.#now
  }

  /** How many timers have rung. */
  get rung(): number {
    return this.#rung
  }

  /** When the next timer rings; Infinity when none is set. */
  get nextAt(): number {
    return this.#timers.at(-1)?.at ?? Number.POSITIVE_INFINITY
  }

  /** How many timers are set and have not rung, of this owner or of all owners. */
  pending(owner?: string): number {
    return this.#timers.filter((timer) => owner === undefined || timer.owner === owner).length
  }

  /**
   * Sets a timer. The time is rounded up to whole milliseconds; a time in the past means as soon as possible.
   * @returns a function that cancels the timer
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

  /** Resolves after `ms`. For the handlers of tests. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.ring(this.#now + ms, resolve, 'test')
    })
  }

  /** Moves the clock by `ms` and rings every timer on the way. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await rest()
    while (this.nextAt <= end) await this.next()
    this.#now = end
  }

  /** Moves the clock until a promise has settled. Resolves or rejects as the promise does. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settled = () => {
      isSettled = true
    }
    promise.then(settled, settled)
    await this.runWhile(() => !isSettled)
    return promise
  }

  /** Moves the clock from timer to timer while a condition holds. */
  async runWhile(condition: () => boolean): Promise<void> {
    const end = this.#now + waitMaxMs
    await rest()
    while (condition()) {
      if (this.#timers.length === 0)
        throw new Error('this world stands still: no timer is set, and what was waited for has not come')
      if (this.nextAt > end) throw new Error('what was waited for has not come within a day')
      await this.next()
    }
  }

  /** Rings the next timer, if there is one, and lets all promises settle that can settle. */
  async next(): Promise<void> {
    const timer = this.#timers.pop()
    if (!timer) return
    this.#now = timer.at
    this.#rung++
    timer.callback()
    await rest()
  }
}

/** Resolves when no microtask is left: a macrotask runs after all microtasks. */
function rest(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
