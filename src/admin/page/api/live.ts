/**
 * Answers that are kept up to date by asking again, one watch a path however many parts of the page show it.
 *
 * 1. Nobody watches a path, or the tab is hidden: it is not asked for.
 * 2. One question of a path is on its way at a time.
 * 3. Answers that stay the same are asked for ever less often, up to the rest of their pace; failures too. What a person
 *    does makes everything ask at once, and at the first pace again.
 */
import type { Answer, Refusal } from './client.ts'
import { type Pace, waitMs } from './paces.ts'

export interface Snapshot {
  readonly data?: unknown
  /** Why the last question was not answered. `data` is then older. */
  readonly error?: Refusal | undefined
  /** When the last answer came, in epoch milliseconds. */
  readonly at?: number
}

export interface Ports {
  ask(path: string, etag?: string): Promise<Answer<unknown>>
  now(): number
  isHidden(): boolean
  /** No credential, or one that has ended: nothing is asked any more. */
  signedOut(): void
}

interface Watch {
  snapshot: Snapshot
  etag?: string | undefined
  readonly listeners: Map<() => void, Pace>
  timer?: ReturnType<typeof setTimeout> | undefined
  asking: boolean
  /** Somebody wants an answer that is newer than the one on its way. */
  again: boolean
  /** Answers in a row that were the same, and failures in a row. */
  same: number
  failed: number
  dueAt: number
}

/** Answers kept though nobody watches, so that going back shows something at once. */
const keptMax = 40

export class Live {
  readonly #ports: Ports
  readonly #watches = new Map<string, Watch>()
  #ended = false

  constructor(ports: Ports) {
    this.#ports = ports
  }

  /** Watches a path until what this returns is called. */
  watch(path: string, pace: Pace, changed: () => void): () => void {
    const watch = this.#watches.get(path) ?? this.#open(path)
    watch.listeners.set(changed, pace)
    // A quicker watch does not wait out a slower one: a job that had ended and was redriven is of interest again.
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

  /** A person did something: whatever is shown may have changed. */
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

  /** The service cannot be reached; the next try is at this moment. */
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

/** The quickest of those who watch. */
function paceOf({ listeners }: Watch): Pace {
  const [first, ...more] = listeners.values()
  return more.reduce((quick, pace) => (pace.everyMs < quick.everyMs ? pace : quick), first ?? forgotten)
}

/** Of a watch that everybody left while it was asked. */
const forgotten: Pace = { everyMs: 0, restMs: 0, calls: 0 }
