/** How much of tasks and partitions may start: for a claim, which takes it, and for a count, which does not. */

/** How much of a task, and of one of its partitions, may still start. */
export interface Admission {
  /** How many jobs of the task as a whole. */
  room(task: string): number
  /** How many jobs of one partition, its own limits alone. */
  roomOf(task: string, partition: string): number
  /** One job of it is going to start. */
  take(task: string, partition: string): void
}

export function hasRoom(admission: Admission, task: string, partition: string): boolean {
  return admission.room(task) >= 1 && admission.roomOf(task, partition) >= 1
}

/** Counts jobs that could start against the room that they share. Takes none of it: those counted first may not start first. */
export class Counted {
  all = 0
  readonly #admission: Admission
  /** By task and partition, where there is a limit. Partition '' is the task as a whole. */
  readonly #counts = new Map<string, number>()

  constructor(admission: Admission) {
    this.#admission = admission
  }

  /** The room that is left in a task, or in one of its partitions. */
  left(task: string, partition = ''): number {
    const room = partition === '' ? this.#admission.room(task) : this.#admission.roomOf(task, partition)
    if (room === Number.POSITIVE_INFINITY) return room
    return Math.max(0, room - (this.#counts.get(groupName(task, partition)) ?? 0))
  }

  /** Counts up to `count` jobs of a partition: as many as there is room for. */
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

/** The name of a task, or of one of its partitions. A task's name has no space in it. */
export function groupName(task: string, partition: string): string {
  return `${task} ${partition}`
}
