/** Held up to here, nothing is given up. */
const heldMin = 1_024

/**
 * Things by the moment at which something becomes of them, the earliest first. A thing waits for one moment. One that is
 * called off is skipped when met, and given up before those outnumber the rest: most are called off long before.
 */
export class TimerHeap<T> {
  #heap: { at: number; of: T }[] = []
  /** Held above this, those called off are given up. */
  #heldMax = heldMin
  readonly #stands: (at: number, of: T) => boolean

  /** @param stands whether what was put for a moment still waits for it */
  constructor(stands: (at: number, of: T) => boolean) {
    this.#stands = stands
  }

  /** Entries held, those called off and not yet given up among them. */
  get held(): number {
    return this.#heap.length
  }

  add(at: number, of: T): void {
    if (this.#heap.length >= this.#heldMax) this.#giveUp()
    const heap = this.#heap
    heap.push({ at, of })
    for (let child = heap.length - 1; child > 0; ) {
      const parent = (child - 1) >> 1
      if (!this.#swapped(parent, child)) break
      child = parent
    }
  }

  /** The earliest moment for which something still waits. */
  next(): number | undefined {
    for (let top = this.#heap[0]; top; top = this.#heap[0]) {
      if (this.#stands(top.at, top.of)) return top.at
      this.#drop()
    }
    return undefined
  }

  /** Everything whose moment has come, up to `max`. Stays until it is called off. */
  due(now: number, max: number): T[] {
    // By the thing: one that was put for its moment twice is there once.
    const found = new Map<T, number>()
    while (found.size < max) {
      const at = this.next()
      if (at === undefined || at > now) break
      found.set(this.#drop().of, at)
    }
    for (const [of, at] of found) this.add(at, of)
    return [...found.keys()]
  }

  /** Takes out everything whose moment has come. */
  take(now: number): T[] {
    const found: T[] = []
    for (let at = this.next(); at !== undefined && at <= now; at = this.next()) found.push(this.#drop().of)
    return found
  }

  #giveUp(): void {
    const kept = new Map<T, number>()
    for (const { at, of } of this.#heap) if (this.#stands(at, of)) kept.set(of, at)
    // In order they are a heap.
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
      if (lesser >= heap.length || !this.#swapped(parent, lesser)) return top
      parent = lesser
    }
  }

  /** Puts the earlier of a parent and its child above. True when they had to change places. */
  #swapped(parent: number, child: number): boolean {
    const [a, b] = [this.#heap[parent], this.#heap[child]]
    if (!a || !b || a.at <= b.at) return false
    this.#heap[parent] = b
    this.#heap[child] = a
    return true
  }
}
