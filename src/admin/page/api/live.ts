/**
 * Answers that are kept up to date by polling: one watch for each path, however many parts of the page show it.
 *
 * 1. A path that nobody watches is not polled, and none is while the tab is hidden.
 * 2. One request for each path is open at a time.
 * 3. While answers stay the same, a path is polled less and less often, down to the slowest pace; after failures too. What a
 *    person does makes every path be polled at once, and at the first pace again.
 */
import type { Answer, Refusal } from './client.ts'
import { type Pace, waitMs } from './paces.ts'

export interface Snapshot {
  readonly data?: unknown
  /** Why the last request failed. `data` is then older. */
  readonly error?: Refusal | undefined
  /** When the last answer came, in epoch milliseconds. */
  readonly at?: number
}

export interface Ports {
  ask(path: string, etag?: string): Promise<Answer<unknown>>
  now(): number
  isHidden(): boolean
  /** There is no credential, or it has ended: nothing is polled any more. */
  signedOut(): void
}

interface Watch {
  snapshot: Snapshot
  etag?: string | undefined
  readonly listeners: Map<() => void, Pace>
  timer?: ReturnType<typeof setTimeout> | undefined
  asking: boolean
  /** An answer is wanted that is newer than that of the open request. */
  again: boolean
  /** Answers in a row that were the same, and failures in a row. */
  same: number
  failed: number
  dueAt: number
}

/** Answers that are kept while nobody watches, so that going back shows something at once. */
const keptMax = 40

export class Live {
  readonly #ports: Ports
  readonly #watches = new Map<string, Watch>()
  #ended = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Watches a path until the function that it returns is called. */
  watch(path: string, pace: Pace, changed: () => void): () => void {
    const watch = this.#watches.get(path) ?? this.#open(path)
    watch.listeners.set(changed, pace)
    // A faster watch does not wait for a slower one, as when a final job was redriven.
    watch.dueAt = Math.min(watch.dueAt, this.#ports.now() + waitMs(pace, watch.same, watch.failed))
    this.#plan(path, watch)
    return () => {
      watch.listeners.delete(changed)
      this.#plan(path, watch)
    }
  }

  read(path: string): Snapshot {
    return this.#watches.get(path)?.snapshot ?? nothing
  }

  /** A person has done something, so everything shown may have changed. */
  refresh(): void {
    for (const [path, watch] of this.#watches) {
      watch.dueAt = 0
      watch.same = 0
      watch.failed = 0
      if (watch.asking) watch.again = true
      this.#plan(path, watch)
    }
  }

  /** The tab was hidden or is seen again. */
  visibility(): void {
    for (const [path, watch] of this.#watches) this.#plan(path, watch)
  }

  /** When the newest answer came to what is watched. */
  get freshAt(): number | undefined {
    const watched = [...this.#watches.values()].filter(({ listeners }) => listeners.size > 0)
    const times = watched.flatMap(({ snapshot: { at } }) => at ?? [])
    return times.length === 0 ? undefined : Math.max(...times)
  }

  /** The service cannot be reached; this is when it is tried again. */
  get retryAt(): number | undefined {
    const broken = [...this.#watches.values()].filter(
      ({ listeners, snapshot: { error } }) => listeners.size > 0 && error?.status === 0,
    )
    return broken.length === 0 ? undefined : Math.min(...broken.map(({ dueAt }) => dueAt))
  }

  #open(path: string): Watch {
    for (const [old, { listeners }] of this.#watches) {
      if (this.#watches.size < keptMax) break
      if (listeners.size === 0) this.#watches.delete(old)
    }
    const watch: Watch = {
      snapshot: nothing,
      listeners: new Map(),
      asking: false,
      again: false,
      same: 0,
      failed: 0,
      dueAt: 0,
    }
    this.#watches.set(path, watch)
    return watch
  }

  #plan(path: string, watch: Watch): void {
    clearTimeout(watch.timer)
    watch.timer = undefined
    if (this.#ended || watch.asking || watch.listeners.size === 0 || this.#ports.isHidden()) return
    watch.timer = setTimeout(() => this.#ask(path, watch), Math.max(0, watch.dueAt - this.#ports.now()))
  }

  async #ask(path: string, watch: Watch): Promise<void> {
    watch.asking = true
    watch.again = false
    try {
      const { data, etag } = await this.#ports.ask(path, watch.etag)
      watch.same = data === undefined ? watch.same + 1 : 0
      watch.failed = 0
      watch.etag = etag
      watch.snapshot = { data: data ?? watch.snapshot.data, at: this.#ports.now() }
    } catch (thrown) {
      const error = thrown as Refusal
      watch.failed++
      watch.snapshot = { ...watch.snapshot, error }
      if (error.status === 401) this.#end()
    }
    watch.asking = false
    watch.dueAt = watch.again ? 0 : this.#ports.now() + waitMs(paceOf(watch), watch.same, watch.failed)
    for (const listener of [...watch.listeners.keys()]) listener()
    this.#plan(path, watch)
  }

  #end(): void {
    if (this.#ended) return
    this.#ended = true
    this.#ports.signedOut()
  }
}

const nothing: Snapshot = {}

/** The fastest pace of those who watch. */
function paceOf({ listeners }: Watch): Pace {
  const [first, ...more] = listeners.values()
  return more.reduce((quick, pace) => (pace.everyMs < quick.everyMs ? pace : quick), first ?? forgotten)
}

/** For a watch that everybody has left while its request was open. */
const forgotten: Pace = { everyMs: 0, restMs: 0, calls: 0 }
