/**
 * The jobs that could start now, in memory, in the order they should. It is a mirror of rows: rebuilt on activation,
 * changed only after a transaction has committed.
 *
 * A lane holds the jobs of one priority and task, oldest first. A claim merges the lanes its runner can serve, so a
 * task that no runner knows holds nobody else up. Removal marks an entry and the lane skips it later: no search.
 */

/** What a claim must know of a waiting job. */
export interface ReadyJob {
  readonly id: string
  readonly task: string
  readonly priority: number
  /** When it became ready: its place in the lane. */
  readonly readyAt: number
  /** Bytes of its input. */
  readonly bytes: number
  /** It must run alone. */
  readonly solo: boolean
  /** False when only its id finds it on activation: the mark must not pass it. */
  readonly due: boolean
}

interface Entry extends ReadyJob {
  due: boolean
  gone: boolean
}

interface Lane {
  readonly task: string
  readonly priority: number
  entries: Entry[]
  head: number
}

/** What a claim takes: which tasks, how many, how large together. */
export interface Want {
  readonly accepts: (task: string) => boolean
  readonly count: number
  readonly bytesMax: number
}

export class ReadyIndex {
  readonly #entries = new Map<string, Entry>()
  readonly #lanes = new Map<string, Lane>()
  readonly #solo = new Map<string, Entry>()

  get size(): number {
    return this.#entries.size
  }

  get soloSize(): number {
    return this.#solo.size
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  add(job: ReadyJob): void {
    if (this.#entries.has(job.id)) return
    const entry: Entry = { ...job, gone: false }
    this.#entries.set(job.id, entry)
    if (job.solo) this.#solo.set(job.id, entry)
    else insert(this.#lane(job), entry)
  }

  remove(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    entry.gone = true
    this.#entries.delete(id)
    if (entry.solo) this.#solo.delete(id)
    else this.#trim(entry)
  }

  /** The job carries a due time now. */
  tag(id: string): void {
    const entry = this.#entries.get(id)
    if (entry) entry.due = true
  }

  /** Every waiting job, in no order. */
  values(): Iterable<ReadyJob> {
    return this.#entries.values()
  }

  /** When the job that has waited longest became ready. */
  oldestReadyAt(): number | undefined {
    let oldest: number | undefined
    const heads = [...this.#lanes.values()].map((lane) => lane.entries[lane.head])
    for (const entry of [...heads, ...this.#solo.values()]) {
      if (entry && (oldest === undefined || entry.readyAt < oldest)) oldest = entry.readyAt
    }
    return oldest
  }

  /** The solo job that has waited longest among those the runner can serve. Takes nothing out. */
  nextSolo(accepts: Want['accepts']): ReadyJob | undefined {
    let oldest: Entry | undefined
    for (const entry of this.#solo.values()) {
      if (accepts(entry.task) && (!oldest || older(entry, oldest))) oldest = entry
    }
    return oldest
  }

  /**
   * The jobs a claim should get: highest priority first, then oldest. Takes nothing out: the claim may roll back.
   * At least one job whatever its size, so that a large one is never stuck.
   */
  next({ accepts, count, bytesMax }: Want): ReadyJob[] {
    const cursors = [...this.#lanes.values()].filter(({ task }) => accepts(task)).map((lane) => new Cursor(lane))
    const picked: ReadyJob[] = []
    let bytes = 0
    while (picked.length < count) {
      const best = first(cursors)
      if (!best?.entry) break
      bytes += best.entry.bytes
      if (picked.length > 0 && bytes > bytesMax) break
      picked.push(best.entry)
      best.advance()
    }
    return picked
  }

  #lane({ priority, task }: ReadyJob): Lane {
    const name = laneName(priority, task)
    let lane = this.#lanes.get(name)
    if (!lane) {
      lane = { task, priority, entries: [], head: 0 }
      this.#lanes.set(name, lane)
    }
    return lane
  }

  /** Moves the head past what is gone and gives the memory back now and then. */
  #trim({ priority, task }: Entry): void {
    const lane = this.#lanes.get(laneName(priority, task))
    if (!lane) return
    while (lane.entries[lane.head]?.gone) lane.head++
    if (lane.head === lane.entries.length) this.#lanes.delete(laneName(priority, task))
    else if (lane.head > 1_024 && lane.head * 2 > lane.entries.length) {
      lane.entries = lane.entries.slice(lane.head)
      lane.head = 0
    }
  }
}

/** A place in a lane that skips what is gone. */
class Cursor {
  #at: number

  constructor(readonly lane: Lane) {
    this.#at = lane.head
    this.#skip()
  }

  get entry(): Entry | undefined {
    return this.lane.entries[this.#at]
  }

  advance(): void {
    this.#at++
    this.#skip()
  }

  #skip(): void {
    while (this.lane.entries[this.#at]?.gone) this.#at++
  }
}

function first(cursors: readonly Cursor[]): Cursor | undefined {
  let best: Cursor | undefined
  for (const cursor of cursors) {
    if (!cursor.entry) continue
    if (!best?.entry || before(cursor.entry, best.entry)) best = cursor
  }
  return best
}

function before(a: ReadyJob, b: ReadyJob): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority
  return older(a, b)
}

function older(a: ReadyJob, b: ReadyJob): boolean {
  return a.readyAt === b.readyAt ? a.id < b.id : a.readyAt < b.readyAt
}

function laneName(priority: number, task: string): string {
  return `${priority} ${task}`
}

/** Nearly every job is the newest of its lane; one that is not finds its place by halving. */
function insert({ entries, head }: Lane, entry: Entry): void {
  const last = entries.at(-1)
  if (!last || older(last, entry)) {
    entries.push(entry)
    return
  }
  let low = head
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (older(entries[middle] as Entry, entry)) low = middle + 1
    else high = middle
  }
  entries.splice(low, 0, entry)
}
