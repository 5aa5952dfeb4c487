/**
 * Tells those who wait in this isolate for a job that runs in this isolate that it has ended, before their next look at
 * the ledger. Everybody else looks. This is a hint: what counts is the look that follows.
 */
import type { JobRecord } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import { Signal } from '../task/signal.ts'
import { microtaskWindow } from './microtask-window.ts'

/** Between the return of `startNow` and a `wait` that follows it, a few promises are awaited. */
const ownPromises = 50
/** How long a listener of another request sleeps between two looks for a note: at least this many milliseconds… */
const lookMsMin = 1
/** …and this part of the time it has already waited. */
const lookShare = 0.2

/** Who in this isolate waits for which job. */
export class CompletionListeners {
  readonly #listeners = new Map<string, Set<CompletionListener>>()
  /** Jobs that were begun by the request whose microtasks run now. */
  readonly #begun = new Set<string>()

  /**
   * The running request is going to run this job itself. Whoever begins to listen within the microtask window belongs to
   * the same request, so `notifyOwn` may wake it. Its wait needs no look at the job before: the job would be running.
   */
  async begin(id: string): Promise<void> {
    this.#begun.add(id)
    await microtaskWindow(ownPromises)
    this.#begun.delete(id)
  }

  /** The attempts of these jobs have ended, and the ledger has recorded it. */
  notify(ids: readonly string[]): void {
    if (this.#listeners.size === 0) return
    for (const id of ids) for (const listener of this.#listeners.get(id) ?? []) listener.leaveNote()
  }

  /**
   * As `notify`, called by the request that has begun these jobs: its own listeners wake at once.
   * @param records the jobs as they are now, as far as they are known
   */
  notifyOwn(ids: readonly string[], records: readonly JobRecord[] = []): void {
    this.notify(ids)
    for (const id of ids) {
      const record = records.find((one) => one.id === id)
      for (const listener of this.#listeners.get(id) ?? []) if (listener.isOwn) listener.notify(record)
    }
  }

  /** True when the request that has begun this job listens. */
  hasOwn(id: string): boolean {
    return [...(this.#listeners.get(id) ?? [])].some(({ isOwn }) => isOwn)
  }

  /** Listens until the listener is disposed of. */
  listen(id: string, platform: Pick<Platform, 'timer'>): CompletionListener {
    const listeners = this.#listeners.get(id) ?? new Set()
    this.#listeners.set(id, listeners)
    const listener = new CompletionListener(platform, this.#begun.has(id), () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#listeners.get(id) === listeners) this.#listeners.delete(id)
    })
    listeners.add(listener)
    return listener
  }
}

/** One wait for the end of one job. */
export class CompletionListener implements Disposable {
  /** True when the same request runs the job. */
  readonly isOwn: boolean
  /** The job as it was when this listener was notified, if that was said. */
  record: JobRecord | undefined
  readonly #signal: Signal
  readonly #close: () => void

  constructor(platform: Pick<Platform, 'timer'>, isOwn: boolean, close: () => void) {
    this.#signal = new Signal(platform)
    this.isOwn = isOwn
    this.#close = close
  }

  /**
   * Called by any request. It wakes nobody, because a promise that another request settles can leave a Worker hanging;
   * the request that waits looks for the note now and then.
   * https://developers.cloudflare.com/workers/observability/errors/
   */
  leaveNote(): void {
    this.#signal.leaveNote()
  }

  /** Called by the request that waits. @param record the job as it is now */
  notify(record: JobRecord | undefined): void {
    this.record = record
    this.#signal.notify()
  }

  /** Until it is notified, `ms` have passed or `abort` aborts. A notification from before ends the wait at once. */
  async wait(ms: number, abort?: AbortSignal): Promise<void> {
    for (let waited = 0; waited < ms && !abort?.aborted; ) {
      const lookInMs = this.isOwn ? ms : Math.max(lookMsMin, Math.round(waited * lookShare))
      const slice = Math.min(ms - waited, lookInMs)
      if (await this.#signal.wait(slice, abort)) return
      waited += slice
    }
  }

  /** Ends the listening. */
  [Symbol.dispose](): void {
    this.#close()
  }
}
