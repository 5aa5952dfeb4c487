/**
 * The jobs that could start now, in memory, in the order in which they start. It mirrors rows: it is rebuilt on activation, and
 * changed only after a transaction has committed.
 *
 * The highest priority is served first. Within a priority tasks take turns, and within a task its partitions take turns: one job
 * each, the oldest first, then to the back of the line. A task that no runner knows and a partition at its limit hold up no
 * other: the task is passed over, and the partition is parked until something has changed for it.
 */

import type { LaneName } from '../domain/lane-name.ts'
import { type Admission, Counted, groupName, hasRoom } from './admission.ts'
import { type Entry, Lane, older, type ReadyJob } from './lane.ts'
import { TimerHeap } from './timer-heap.ts'

export type { Admission } from './admission.ts'
export type { ReadyJob } from './lane.ts'

/** What a claim takes: which tasks, how many jobs, and how many bytes together. */
export interface Want {
  readonly accepts: (task: string) => boolean
  readonly admission: Admission
  readonly count: number
  readonly bytesMax: number
  /** True for a job that is not taken now. */
  readonly skips?: (id: string) => boolean
}

/** What a claim gets, and the lanes in which it found no room. */
export interface Picked {
  readonly jobs: readonly ReadyJob[]
  readonly full: readonly Lane[]
}

/** How many jobs could start, and what limits hold back. */
export interface Available {
  readonly count: number
  /** Lanes without room. They can be parked. */
  readonly full: readonly Lane[]
  /** Tasks as a whole, and partitions of solo jobs, without room. */
  readonly held: readonly Pick<ReadyJob, 'task' | 'partition'>[]
}

/** The lanes of one task at one priority. The open ones are in the order of their turns. */
interface TaskLanes {
  readonly task: string
  readonly open: Map<string, Lane>
  /** Jobs in open lanes. */
  openJobs: number
  /** Lanes in all, parked ones included. */
  lanes: number
}

interface Level {
  readonly priority: number
  /** In the order of their turns. */
  readonly tasks: Map<string, TaskLanes>
}

export class ReadyIndex {
  readonly #entries = new Map<string, Entry>()
  readonly #lanes = new Map<string, Lane>()
  readonly #levels = new Map<number, Level>()
  /** The same, the highest priority first. */
  #inOrder: readonly Level[] = []
  /** Parked lanes by task and partition. */
  readonly #parked = new Map<string, Set<Lane>>()
  readonly #solo = new Map<string, Entry>()
  readonly #expiries = new TimerHeap<string>((at, id) => this.#entries.get(id)?.expiresAt === at)

  get size(): number {
    return this.#entries.size
  }

  get soloSize(): number {
    return this.#solo.size
  }

  has(id: string): boolean {
    return this.#entries.has(id)
  }

  /** Jobs in the lane of this name. */
  laneSize({ priority, task, partition }: LaneName): number {
    return this.#lanes.get(laneName(priority, task, partition))?.size ?? 0
  }

  /** Lanes in which at least so many jobs wait. */
  longLanes(min: number): LaneName[] {
    return [...this.#lanes.values()].filter(({ size }) => size >= min)
  }

  add(job: ReadyJob): void {
    if (this.#entries.has(job.id)) return
    const entry: Entry = { ...job, gone: false }
    this.#entries.set(job.id, entry)
    if (job.expiresAt !== undefined) this.#expiries.add(job.expiresAt, job.id)
    if (job.solo) this.#solo.set(job.id, entry)
    else this.#insert(entry)
  }

  /** A job leaves, usually because it runs now. Its lane and its task go to the back of their lines. */
  remove(id: string): void {
    const entry = this.#entries.get(id)
    if (!entry) return
    entry.gone = true
    this.#entries.delete(id)
    if (entry.solo) this.#solo.delete(id)
    else this.#leave(entry)
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
    const heads = [...this.#lanes.values()].map((lane) => lane.first)
    for (const entry of [...heads, ...this.#solo.values()]) {
      if (entry && (oldest === undefined || entry.readyAt < oldest)) oldest = entry.readyAt
    }
    return oldest
  }

  /** When the next waiting job fails because it was not started. */
  nextExpiryAt(): number | undefined {
    return this.#expiries.next()
  }

  /** Jobs whose deadline has passed, up to `max`. */
  expired(now: number, max: number): string[] {
    return this.#expiries.due(now, max)
  }

  /** How many jobs could start now, counted up to `max`, and what limits hold back. Parks nothing. */
  available({ accepts, admission }: Pick<Want, 'accepts' | 'admission'>, max: number): Available {
    const full: Lane[] = []
    const held: Available['held'][number][] = []
    const counted = new Counted(admission)
    for (const { task, partition } of this.#solo.values()) {
      if (counted.all >= max) break
      if (!accepts(task)) continue
      if (hasRoom(admission, task, partition)) counted.add(task, partition, 1)
      else held.push(admission.room(task) < 1 ? { task, partition: '' } : { task, partition })
    }
    for (const { tasks } of this.#inOrder) {
      for (const lanes of tasks.values()) {
        if (counted.all >= max) break
        if (!accepts(lanes.task)) continue
        if (admission.room(lanes.task) < 1) held.push({ task: lanes.task, partition: '' })
        else countLanes(lanes, admission, counted, max, full)
      }
    }
    return { count: counted.all, full, held }
  }

  /** The solo job that has waited longest, of those that the runner can serve. Takes nothing out. */
  nextSolo({ accepts, admission, skips }: Omit<Want, 'count' | 'bytesMax'>): ReadyJob | undefined {
    let oldest: Entry | undefined
    for (const entry of this.#solo.values()) {
      if (oldest && older(oldest, entry)) continue
      if (accepts(entry.task) && !skips?.(entry.id) && hasRoom(admission, entry.task, entry.partition)) oldest = entry
    }
    return oldest
  }

  /**
   * The jobs that a claim gets. Takes nothing out: the claim may roll back.
   * At least one job whatever its size, so that a large job is never stuck.
   */
  next(want: Want): Picked {
    const jobs: ReadyJob[] = []
    const full: Lane[] = []
    let bytes = 0
    for (const { tasks } of this.#inOrder) {
      let turns = [...tasks.values()]
        .filter(({ task }) => want.accepts(task))
        .map((lanes) => turnsOf(lanes, want, full))
      while (turns.length > 0) {
        const going: typeof turns = []
        for (const turn of turns) {
          if (jobs.length >= want.count) return { jobs, full }
          const { value: entry } = turn.next()
          if (!entry) continue
          bytes += entry.bytes
          if (jobs.length > 0 && bytes > want.bytesMax) return { jobs, full }
          jobs.push(entry)
          want.admission.take(entry.task, entry.partition)
          going.push(turn)
        }
        turns = going
      }
    }
    return { jobs, full }
  }

  /** Parks a lane that a limit holds back; or the lane of the same name that has come in its place since it was found full. */
  park({ priority, task, partition }: Lane): void {
    const lane = this.#lanes.get(laneName(priority, task, partition))
    const lanes = lane && this.#taskLanes(lane)
    if (!lane || !lanes?.open.delete(partition)) return
    lane.isParked = true
    lanes.openJobs -= lane.size
    const group = groupName(task, partition)
    const parked = this.#parked.get(group)
    if (parked) parked.add(lane)
    else this.#parked.set(group, new Set([lane]))
  }

  /** Something has changed for a partition: the next claim looks at its lanes again. */
  unpark(task: string, partition: string): void {
    const group = groupName(task, partition)
    const parked = this.#parked.get(group)
    if (!parked) return
    this.#parked.delete(group)
    for (const lane of parked) {
      lane.isParked = false
      this.#open(lane)
    }
  }

  /** The limits have changed: the next claim looks at every lane again. */
  unparkAll(): void {
    for (const [lane] of this.#parked.values()) if (lane) this.unpark(lane.task, lane.partition)
  }

  #insert(entry: Entry): void {
    const { priority, task, partition } = entry
    const name = laneName(priority, task, partition)
    let lane = this.#lanes.get(name)
    if (!lane) {
      lane = new Lane(priority, task, partition)
      this.#lanes.set(name, lane)
      this.#open(lane).lanes++
    }
    lane.insert(entry)
    const lanes = this.#taskLanes(lane)
    if (lanes && !lane.isParked) lanes.openJobs++
  }

  #leave({ priority, task, partition }: Entry): void {
    const name = laneName(priority, task, partition)
    const lane = this.#lanes.get(name)
    if (!lane) return
    lane.onGone()
    const level = this.#levels.get(priority)
    const lanes = level?.tasks.get(task)
    if (!level || !lanes) return
    if (!lane.isParked) lanes.openJobs--
    if (lane.size === 0) this.#close(lane, level, lanes)
    else if (!lane.isParked && lanes.open.size > 1) toBack(lanes.open, partition, lane)
    if (level.tasks.size > 1 && level.tasks.has(task)) toBack(level.tasks, task, lanes)
  }

  /** Removes an empty lane, and its task and its priority if they are empty too. */
  #close(lane: Lane, level: Level, lanes: TaskLanes): void {
    this.#lanes.delete(laneName(lane.priority, lane.task, lane.partition))
    lanes.open.delete(lane.partition)
    const group = groupName(lane.task, lane.partition)
    const parked = this.#parked.get(group)
    if (parked?.delete(lane) && parked.size === 0) this.#parked.delete(group)
    lanes.lanes--
    if (lanes.lanes > 0) return
    level.tasks.delete(lane.task)
    if (level.tasks.size > 0) return
    this.#levels.delete(level.priority)
    this.#order()
  }

  /** Puts a lane at the back of the line of its task. */
  #open(lane: Lane): TaskLanes {
    const { priority, task, partition } = lane
    let level = this.#levels.get(priority)
    if (!level) {
      level = { priority, tasks: new Map() }
      this.#levels.set(priority, level)
      this.#order()
    }
    let lanes = level.tasks.get(task)
    if (!lanes) {
      lanes = { task, open: new Map(), openJobs: 0, lanes: 0 }
      level.tasks.set(task, lanes)
    }
    lanes.open.set(partition, lane)
    lanes.openJobs += lane.size
    return lanes
  }

  #order(): void {
    this.#inOrder = [...this.#levels.values()].sort((a, b) => b.priority - a.priority)
  }

  #taskLanes({ priority, task }: Lane): TaskLanes | undefined {
    return this.#levels.get(priority)?.tasks.get(task)
  }
}

/** The jobs of a task, with its partitions taking turns. A lane without room is passed over and noted in `full`. */
function* turnsOf({ task, open }: TaskLanes, { admission, skips }: Want, full: Lane[]): Generator<Entry, void> {
  const round = function* (lanes: Iterable<{ lane: Lane; waiting: Iterator<Entry, void> }>) {
    for (const one of lanes) {
      if (admission.room(task) < 1) return
      if (admission.roomOf(task, one.lane.partition) < 1) {
        full.push(one.lane)
        continue
      }
      let next = one.waiting.next()
      while (next.value && skips?.(next.value.id)) next = one.waiting.next()
      if (!next.value) continue
      yield next.value
      again.push(one)
    }
  }
  const opened = function* () {
    for (const lane of open.values()) yield { lane, waiting: lane.waiting() }
  }
  let again: { lane: Lane; waiting: Iterator<Entry, void> }[] = []
  yield* round(opened())
  while (again.length > 0) {
    const lanes = again
    again = []
    yield* round(lanes)
  }
}

/** Counts the jobs of a task that could start, up to `max` in all. */
function countLanes(
  { task, open, openJobs }: TaskLanes,
  admission: Admission,
  counted: Counted,
  max: number,
  full: Lane[],
): void {
  const most = Math.min(counted.all + Math.min(openJobs, counted.left(task)), max)
  for (const lane of open.values()) {
    if (counted.all >= most) break
    if (admission.roomOf(task, lane.partition) < 1) full.push(lane)
    else counted.add(task, lane.partition, Math.min(lane.size, most - counted.all))
  }
}

/** A map keeps the order in which its keys came. */
function toBack<T>(line: Map<string, T>, name: string, of: T): void {
  line.delete(name)
  line.set(name, of)
}

function laneName(priority: number, task: string, partition: string): string {
  return `${priority} ${groupName(task, partition)}`
}
