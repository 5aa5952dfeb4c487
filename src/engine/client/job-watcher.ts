/** Looks at a job until it is final: as every change, or as the last record. */
import type { Duration } from '../task/duration.ts'
import { durationMs } from '../task/duration.ts'
import { isFinal, type JobRecord } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import type { CompletionListener, CompletionListeners } from './completion-listeners.ts'

/** The wait between two looks at a job. It grows, so that a long wait costs few requests. */
const lookMsMin = 50
const lookMsMax = 2_000
const lookGrowth = 1.5

export interface JobWatcherPorts {
  readonly get: (id: string) => Promise<JobRecord>
  readonly listeners: CompletionListeners
  readonly platform: Pick<Platform, 'now' | 'timer'>
}

export class JobWatcher {
  readonly #ports: JobWatcherPorts

  constructor(ports: JobWatcherPorts) {
    this.#ports = ports
  }

  /** Yields the record now and whenever it has changed, until it is final, `timeout` is over or `abort` aborts. */
  async *watch(id: string, timeout: Duration, abort?: AbortSignal): AsyncGenerator<JobRecord, void> {
    // From before the first look, so that a completion between a look and the wait after it is not missed.
    using listener = this.#ports.listeners.listen(id, this.#ports.platform)
    yield* this.#looks(id, listener, this.#endOf(timeout), abort)
  }

  /** The newest record, once it is final or `timeout` is over. Looks at growing intervals, so it never holds the ledger. */
  async wait(id: string, timeout: Duration, abort?: AbortSignal): Promise<JobRecord> {
    const endsAt = this.#endOf(timeout)
    using listener = this.#ports.listeners.listen(id, this.#ports.platform)
    // This request runs the job and will be notified of its end: a look before would find it running.
    if (listener.isOwn) await listener.wait(Math.min(lookMsMax, endsAt - this.#ports.platform.now()), abort)
    let newest = listener.record
    if (newest && isFinal(newest.state)) return newest
    for await (const record of this.#looks(id, listener, endsAt, abort)) newest = record
    return newest ?? this.#ports.get(id)
  }

  async *#looks(
    id: string,
    listener: CompletionListener,
    endsAt: number,
    abort: AbortSignal | undefined,
  ): AsyncGenerator<JobRecord, void> {
    const firstWaitMs = listener.isOwn ? lookMsMax : lookMsMin
    let seen = ''
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * lookGrowth, lookMsMax)) {
      const record = await this.#ports.get(id)
      const text = JSON.stringify(record)
      if (text !== seen) {
        yield record
        seen = text
        waitMs = firstWaitMs
      }
      const leftMs = endsAt - this.#ports.platform.now()
      if (isFinal(record.state) || leftMs <= 0 || abort?.aborted) return
      await listener.wait(Math.min(waitMs, leftMs), abort)
    }
  }

  #endOf(timeout: Duration): number {
    return this.#ports.platform.now() + durationMs(timeout, 'timeout')
  }
}
