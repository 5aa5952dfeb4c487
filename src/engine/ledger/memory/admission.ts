/** What may start, as a claim asks for it, and how many could, as everybody else does. */

/** How much of a task, and of one of its partitions, may still start. */
export interface Admission {
  /** Of the task as a whole. */
  room(task: string): number
  /** Of one partition by itself. */
  roomOf(task: string, partition: string): number
  /** One of it will. */
  take(task: string, partition: string): void
}

export function hasRoom(admission: Admission, task: string, partition: string): boolean {
  return admission.room(task) >= 1 && admission.roomOf(task, partition) >= 1
}

/** Jobs that could start, counted against the rooms they share. Takes nothing: those that are counted first may not come first. */
export class Counted {
  all = 0
  readonly #admission: Admission
  /** By task and partition; partition '' is the task as a whole. Of those with a limit alone. */
  readonly #counts = new Map<string, number>()

  constructor(admission: Admission) {
    this.#admission = admission
  }

  /** Room that is left in a task, or in one of its partitions. */
  left(task: string, partition = ''): number {
    const room = partition === '' ? this.#admission.room(task) : this.#admission.roomOf(task, partition)
    if (room === Number.POSITIVE_INFINITY) return room
    return Math.max(0, room - (this.#counts.get(groupName(task, partition)) ?? 0))
  }

  /** Counts up to `count` jobs of a partition, as many as there is room for. */
  add(task: string, partition: string, count: number): void {
    const fits = Math.min(count, this.left(task), this.left(task, partition))
    this.all += fits
    this.#count(task, '', fits)
    if (partition !== '') this.#count(task, partition, fits)
  }

  #count(task: string, partition: string, count: number): void {
    if (this.left(task, partition) === Number.POSITIVE_INFINITY) return
    const group = groupName(task, partition)
    this.#counts.set(group, (this.#counts.get(group) ?? 0) + count)
  }
}

/** A task's name holds no space. */
export function groupName(task: string, partition: string): string {
  return `${task} ${partition}`
}
