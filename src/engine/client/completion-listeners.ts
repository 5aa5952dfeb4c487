/**
 * What an isolate knows by itself of the jobs that it runs. Who waits here for a job that runs here hears of its end at
 * once, and not at the next look; everybody else looks. A hint like any other: what counts is the look that follows.
 */
import type { JobRecord } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import { momentOf } from './microtask-window.ts'

export class Endings {
  readonly #ears = new Map<string, Set<Ear>>()
  /** Jobs that were begun by the request whose microtasks run now. */
  readonly #begun = new Set<string>()

  /**
   * The request that runs now is going to run this job itself. Who begins to listen within its moment belongs to the same
   * request, and that is how `tellOwn` knows whom it may wake. A look at the job in between is not worth a request: it
   * would find that it runs.
   */
  async begin(id: string): Promise<void> {
    this.#begun.add(id)
    await momentOf(ownPromises)
    this.#begun.delete(id)
  }

  /** The attempts of these jobs have ended, and the ledger knows. */
  tell(ids: readonly string[]): void {
    if (this.#ears.size === 0) return
    for (const id of ids) for (const ear of this.#ears.get(id) ?? []) ear.hear()
  }

  /**
   * As `tell`, from within the request that has begun these jobs: whoever listens there wakes at once.
   * @param records how some of them are now
   */
  tellOwn(ids: readonly string[], records: readonly JobRecord[] = []): void {
    this.tell(ids)
    for (const id of ids) {
      const record = records.find((one) => one.id === id)
      for (const ear of this.#ears.get(id) ?? []) if (ear.isOwn) ear.wake(record)
    }
  }

  /** True when somebody of the request that has begun this job listens. */
  hasOwn(id: string): boolean {
    return [...(this.#ears.get(id) ?? [])].some(({ isOwn }) => isOwn)
  }

  /** Listens until it is disposed of. */
  listen(id: string, platform: Pick<Platform, 'timer'>): Ear {
    const ears = this.#ears.get(id) ?? new Set()
    this.#ears.set(id, ears)
    const ear = new Ear(platform, this.#begun.has(id), () => {
      ears.delete(ear)
      if (ears.size === 0 && this.#ears.get(id) === ears) this.#ears.delete(id)
    })
    ears.add(ear)
    return ear
  }
}

/** From the return of `startNow` to a `wait` that follows it, a few promises are passed through. */
const ownPromises = 50
/** A wait looks up this often, in milliseconds and in parts of how long it has lasted. */
const lookUpMs = 1
const lookUpShare = 0.2

export class Ear implements Disposable {
  /** It belongs to the request that runs the job. */
  readonly isOwn: boolean
  /** The job as it was when its end was told. */
  told: JobRecord | undefined
  readonly #platform: Pick<Platform, 'timer'>
  readonly #close: () => void
  #hasHeard = false
  #wake: (() => void) | undefined

  constructor(platform: Pick<Platform, 'timer'>, isOwn: boolean, close: () => void) {
    this.#platform = platform
    this.isOwn = isOwn
    this.#close = close
  }

  /**
   * Called by another request than the one that waits. Workers may not wake one another: a promise that another request
   * settles can leave its own waiting for ever. So this leaves a note, and who waits looks up now and then.
   */
  hear(): void {
    this.#hasHeard = true
  }

  /** Called by the request that waits. @param record the job as it now is */
  wake(record: JobRecord | undefined): void {
    this.told = record
    this.#stir()
  }

  readonly #stir = (): void => {
    this.#wake?.()
  }

  /** Until something is heard, `ms` have passed or `signal` aborts. What was heard before counts once. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    for (let waited = 0; waited < ms && !this.#hasHeard && !signal?.aborted; ) {
      const lookUpIn = this.isOwn ? ms : Math.max(lookUpMs, Math.round(waited * lookUpShare))
      const slice = Math.min(ms - waited, lookUpIn)
      await this.#sleep(slice, signal)
      waited += slice
    }
    this.#hasHeard = false
  }

  /** Listens no more. */
  [Symbol.dispose](): void {
    this.#close()
  }

  #sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.#platform.timer(ms, this.#stir)
      this.#wake = () => {
        this.#wake = undefined
        callOff()
        signal?.removeEventListener('abort', this.#stir)
        resolve()
      }
      signal?.addEventListener('abort', this.#stir)
    })
  }
}
