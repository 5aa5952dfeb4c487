/** A wait that ends early when it is notified. Used by runners, by waits for a job and by held polls. */
import type { Platform } from './platform.ts'

/**
 * One waiter, and whoever notifies it. A notification while nobody waits is kept for the next wait.
 *
 *     const signal = new Signal(platform)
 *     later(() => signal.notify())
 *     if (!(await signal.wait(1_000))) console.log('a second has passed')
 */
export class Signal {
  readonly #platform: Pick<Platform, 'timer'>
  #isSet = false
  #wake: (() => void) | undefined

  constructor(platform: Pick<Platform, 'timer'>) {
    this.#platform = platform
  }

  /** Ends the wait that goes on, or else the next one at once. */
  notify(): void {
    this.#isSet = true
    this.#wake?.()
  }

  /** As `notify`, but wakes nobody: a wait that goes on notices it when its time is up. */
  leaveNote(): void {
    this.#isSet = true
  }

  /** Ends the wait that goes on as if its time were up, and calls its timer off. */
  interrupt(): void {
    this.#wake?.()
  }

  /**
   * Until it is notified, `ms` have passed or `abort` aborts. Never rejects, and leaves no timer behind.
   *
   * @param ms 0 or less: only takes the notification that is there
   * @returns whether it was notified; this wait has taken the notification
   */
  async wait(ms: number, abort?: AbortSignal): Promise<boolean> {
    if (!this.#isSet && ms > 0 && !abort?.aborted) await this.#sleep(ms, abort)
    const wasSet = this.#isSet
    this.#isSet = false
    return wasSet
  }

  #sleep(ms: number, abort: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wake = undefined
        callOff()
        abort?.removeEventListener('abort', wake)
        resolve()
      }
      const callOff = this.#platform.timer(ms, wake)
      this.#wake = wake
      abort?.addEventListener('abort', wake)
    })
  }
}
