/** A lane: the waiting jobs of one priority, task and partition, oldest first. */

/** What a claim needs to know of a waiting job. */
export interface ReadyJob {
  readonly id: string
  readonly task: string
  /** `''` for a task without partitions. */
  readonly partition: string
  readonly priority: number
  /** When it became ready. Decides its position in the lane. */
  readonly readyAt: number
  /** If it has not started by then, it fails. Undefined: it waits for ever. */
  readonly expiresAt?: number | undefined
  /** Bytes of its input. */
  readonly bytes: number
  /** It must run alone. */
  readonly solo: boolean
  /** False when only its id finds it on activation: the watermark must not pass it. */
  readonly due: boolean
}

export interface Entry extends ReadyJob {
  due: boolean
  gone: boolean
}

export class Lane {
  #entries: Entry[] = []
  #head = 0
  #size = 0
  /** A limit holds it back: claims do not look at it until something has changed. */
  isParked = false

  constructor(
    readonly priority: number,
    readonly task: string,
    readonly partition: string,
  ) {}

  get size(): number {
    return this.#size
  }

  get first(): Entry | undefined {
    return this.#entries[this.#head]
  }

  /** Nearly every job is the newest of its lane. The position of another is found by halving. */
  insert(entry: Entry): void {
    this.#size++
    const entries = this.#entries
    const last = entries.at(-1)
    if (!last || older(last, entry)) {
      entries.push(entry)
      return
    }
    let low = this.#head
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (older(entries[middle] as Entry, entry)) low = middle + 1
      else high = middle
    }
    entries.splice(low, 0, entry)
  }

  /** An entry is gone: the head moves past the entries that are, and frees their memory now and then. */
  onGone(): void {
    this.#size--
    while (this.#entries[this.#head]?.gone) this.#head++
    if (this.#head > 1_024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head)
      this.#head = 0
    }
  }

  /** The entries from the oldest on, without those that are gone. The lane must not change meanwhile. */
  *waiting(): Generator<Entry, void> {
    for (let at = this.#head; at < this.#entries.length; at++) {
      const entry = this.#entries[at] as Entry
      if (!entry.gone) yield entry
    }
  }
}

export function older(a: ReadyJob, b: ReadyJob): boolean {
  return a.readyAt === b.readyAt ? a.id < b.id : a.readyAt < b.readyAt
}
