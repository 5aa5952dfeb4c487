/**
 * What an isolate knows by itself of the jobs that it runs. Who waits here for a job that runs here hears of its end at
 * once, and not at the next look; everybody else looks. A hint like any other: what counts is the look that follows.
 */
import type { Platform } from '../task/platform.ts'

export class Endings {
  readonly #ears = new Map<string, Set<Ear>>()

  /** The attempts of these jobs have ended, and the ledger knows. */
  tell(ids: readonly string[]): void {
    if (this.#ears.size === 0) return
    for (const id of ids) for (const ear of this.#ears.get(id) ?? []) ear.hear()
  }

  /** Listens until it is closed. */
  listen(id: string, platform: Pick<Platform, 'sleep'>): Ear {
    const ears = this.#ears.get(id) ?? new Set()
    this.#ears.set(id, ears)
    const ear = new Ear(platform, () => {
      ears.delete(ear)
      if (ears.size === 0 && this.#ears.get(id) === ears) this.#ears.delete(id)
    })
    ears.add(ear)
    return ear
  }
}

/** A wait looks up this often, in milliseconds and in parts of how long it has lasted. */
const lookUpMs = 1
const lookUpShare = 0.2

export class Ear {
  readonly close: () => void
  readonly #platform: Pick<Platform, 'sleep'>
  #hasHeard = false

  constructor(platform: Pick<Platform, 'sleep'>, close: () => void) {
    this.#platform = platform
    this.close = close
  }

  /**
   * Called by another request than the one that waits. Workers may not wake one another: a promise that another request
   * settles can leave its own waiting for ever. So this leaves a note, and who waits looks up now and then.
   */
  hear(): void {
    this.#hasHeard = true
  }

  /** Until something is heard, `ms` have passed or `signal` aborts. What was heard before counts once. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    for (let waited = 0; waited < ms && !this.#hasHeard && !signal?.aborted; ) {
      const slice = Math.min(ms - waited, Math.max(lookUpMs, Math.round(waited * lookUpShare)))
      await this.#platform.sleep(slice, signal)
      waited += slice
    }
    this.#hasHeard = false
  }
}
