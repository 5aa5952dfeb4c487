/** While it holds no more than this, entries that no longer stand are left in. */
const heldMin = 1_024

/**
 * Things by the time at which they are due, the earliest first. A thing is due at one time. An entry that no longer stands is
 * skipped when it is met, and such entries are removed before they outnumber the rest: most are called off long before their time.
 */
export class TimerHeap<T> {
  #heap: { at: number; of: T }[] = []
  /** When it holds more than this, entries that no longer stand are removed. */
  #heldMax = heldMin
  readonly #stands: (at: number, of: T) => boolean

  /** @param stands true for a thing that is still due at that time */
  constructor(stands: (at: number, of: T) => boolean) {
    this.#stands = stands
  }

  /** Entries in the heap, those that no longer stand included. */
  get held(): number {
    return this.#heap.length
  }

  add(at: number, of: T): void {
    if (this.#heap.length >= this.#heldMax) this.#removeGone()
    const heap = this.#heap
    heap.push({ at, of })
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1
      if (!this.#swap(parent, child)) break
      child = parent
    }
  }

  /** The earliest time at which something is still due. */
  next(): number | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (this.#stands(top.at, top.of)) return top.at
      this.#drop()
    }
    return undefined
  }

  /** What is due by now, up to `max`. It stays in the heap until it no longer stands. */
  due(now: number, max: number): T[] {
    // By the thing: one that was added twice for its time is in it once.
    const found = new Map<T, number>()
    while (found.size < max) {
      const at = this.next()
      if (at === undefined || at > now) break
      found.set(this.#drop().of, at)
    }
    for (const [of, at] of found) this.add(at, of)
    return [...found.keys()]
  }

  /** Takes out everything that is due by now. */
  take(now: number): T[] {
    const found: T[] = []
    for (let at = this.next(); at !== undefined && at <= now; at = this.next()) found.push(this.#drop().of)
    return found
  }

  #removeGone(): void {
    const kept = new Map<T, number>()
    for (const { at, of } of this.#heap) if (this.#stands(at, of)) kept.set(of, at)
    // In order they form a heap.
    this.#heap = [...kept].map(([of, at]) => ({ at, of })).sort((a, b) => a.at - b.at)
    this.#heldMax = Math.max(heldMin, 2 * kept.size)
  }

  #drop(): { at: number; of: T } {
    const heap = this.#heap
    const top = heap[0] as { at: number; of: T }
    const last = heap.pop() as { at: number; of: T }
    if (heap.length === 0) return top
    heap[0] = last
    for (let parent = 0; ; ) {
      const left = parent * 2 + 1
      const right = left + 1
      const lesser =
        (heap[right]?.at ?? Number.POSITIVE_INFINITY) < (heap[left]?.at ?? Number.POSITIVE_INFINITY) ? right : left
      if (lesser >= heap.length || !this.#swap(parent, lesser)) return top
      parent = lesser
    }
  }

  /** Puts the earlier of a parent and its child above. Answers whether they had to change places. */
  #swap(parent: number, child: number): boolean {
    const [a, b] = [this.#heap[parent], this.#heap[child]]
    if (!a || !b || a.at <= b.at) return false
    this.#heap[parent] = b
    this.#heap[child] = a
    return true
  }
}
