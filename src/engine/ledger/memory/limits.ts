/**
 * Rate and concurrency limits, counted exactly (I7): starts by the claims that made them, in logs that are written in the
 * claim's own transaction; concurrency by the live leases. A lapsed lease frees its slot.
 *
 * Owns the logs in memory, which are read from their rows when they are first needed, and the times at which parked groups
 * reset. A log costs a row a claim and group, and none a job.
 */
import type { CheckedLimits, GroupLimits } from '../../task/limits.ts'
import { type RateLog, resetsAt, roomLeft, seenAt, spentAt, withStarts } from '../domain/rate-log.ts'
import type { limitStatements } from '../storage/small-tables.ts'
import { type Admission, groupName } from './admission.ts'
import type { RunningJobs } from './running-jobs.ts'
import { TimerHeap } from './timer-heap.ts'

/** Logs kept in memory at most. */
const logsMax = 10_000
/**
 * Starts that become possible one by one are let through together: up to this share of the limit, up to as many as are worth
 * a sync, and none of them later than this because of it. A backlog then costs a few syncs a window, not one a start.
 */
const togetherShare = 0.25
const togetherMax = 10
const togetherMsMax = 250

/** A task, or one of its partitions. */
export interface Group {
  readonly task: string
  /** `''` is the task as a whole. */
  readonly partition: string
}

/** How many leases of a group have ended in this very transaction, which memory does not know yet. */
export type Ended = (group: Group) => number

/** The part of a transaction that recording starts needs. */
interface Commit {
  readonly now: number
  onCommit(effect: () => void): void
}

export class Limits {
  readonly #statements: ReturnType<typeof limitStatements>
  readonly #running: RunningJobs
  readonly #limitsOf: (task: string) => CheckedLimits
  readonly #logs = new Map<string, RateLog>()
  readonly #resets = new TimerHeap<Group>((at, group) => this.#resetAt.get(nameOf(group)) === at)
  /** When each parked group resets. */
  readonly #resetAt = new Map<string, number>()

  constructor(
    statements: ReturnType<typeof limitStatements>,
    running: RunningJobs,
    limitsOf: (task: string) => CheckedLimits,
  ) {
    this.#statements = statements
    this.#running = running
    this.#limitsOf = limitsOf
  }

  /** What may start now, for one claim: it counts what that claim takes. */
  admission(now: number, ended: Ended = () => 0): Admission {
    const rooms = new Map<string, number>()
    const room = (group: Group, limits: GroupLimits) => {
      if (!limits.rate && limits.concurrency === undefined) return Number.POSITIVE_INFINITY
      const name = nameOf(group)
      const known = rooms.get(name)
      if (known !== undefined) return known
      const found = this.#room(group, limits, now, ended)
      rooms.set(name, found)
      return found
    }
    const take = (group: Group) => {
      const name = nameOf(group)
      const left = rooms.get(name)
      if (left !== undefined) rooms.set(name, left - 1)
    }
    return {
      room: (task) => room({ task, partition: '' }, this.#limitsOf(task).whole),
      roomOf: (task, partition) =>
        partition === '' ? Number.POSITIVE_INFINITY : room({ task, partition }, this.#limitsOf(task).each),
      take: (task, partition) => {
        take({ task, partition: '' })
        if (partition !== '') take({ task, partition })
      },
    }
  }

  /** Inside the claim's transaction: writes the logs of what it starts. */
  recordStarts(tx: Commit, jobs: readonly Group[]): void {
    const counts = new Map<string, { group: Group; count: number }>()
    for (const { task, partition } of jobs) {
      const { whole, each } = this.#limitsOf(task)
      for (const group of [
        whole.rate && { task, partition: '' },
        partition !== '' && each.rate && { task, partition },
      ]) {
        if (!group) continue
        const entry = counts.get(nameOf(group)) ?? { group, count: 0 }
        entry.count++
        counts.set(nameOf(group), entry)
      }
    }
    for (const { group, count } of counts.values()) {
      const rate = this.#limits(group).rate
      if (!rate) continue
      const log = withStarts(rate, this.#log(group, tx.now), count, tx.now)
      this.#statements.write(group, JSON.stringify(log), spentAt(rate, log))
      tx.onCommit(() => this.#remember(group, log))
    }
  }

  /**
   * When a group without room is worth looking at again. Undefined when only the end of an attempt, or a person, can make
   * room in it.
   */
  resetsAt(group: Group, now: number): number | undefined {
    const { rate, concurrency } = this.#limits(group)
    if (concurrency !== undefined && this.#live(group) >= concurrency) return undefined
    if (!rate) return now
    const log = this.#log(group, now)
    const together = resetsAt(rate, log, now, Math.min(Math.ceil(rate.limit * togetherShare), togetherMax))
    return Math.min(together, resetsAt(rate, log, now) + togetherMsMax)
  }

  /** A group is parked: it resets by time, unless something else makes room in it first. */
  park(group: Group, now: number): void {
    const at = this.resetsAt(group, now)
    const name = nameOf(group)
    if (at === undefined) this.#resetAt.delete(name)
    else if (this.#resetAt.get(name) !== at) {
      this.#resetAt.set(name, at)
      this.#resets.add(at, group)
    }
  }

  /** Takes out the groups that have reset by now. */
  takeReset(now: number): Group[] {
    const groups = this.#resets.take(now)
    for (const group of groups) this.#resetAt.delete(nameOf(group))
    return groups
  }

  /** When the next parked group resets. */
  get nextResetAt(): number | undefined {
    return this.#resets.next()
  }

  /** Where a job takes a concurrency slot: in its partition if that has slots, or else in its task. Undefined: nowhere. */
  slotOf({ task, partition }: Group): string | undefined {
    const { whole, each } = this.#limitsOf(task)
    if (partition !== '' && each.concurrency !== undefined) return nameOf({ task, partition })
    return whole.concurrency === undefined ? undefined : nameOf({ task, partition: '' })
  }

  #room(group: Group, { rate, concurrency }: GroupLimits, now: number, ended: Ended): number {
    const slots = concurrency === undefined ? Number.POSITIVE_INFINITY : concurrency - this.#live(group) + ended(group)
    return Math.min(slots, rate ? roomLeft(rate, this.#log(group, now), now) : Number.POSITIVE_INFINITY)
  }

  #live({ task, partition }: Group): number {
    return partition === '' ? this.#running.count(task) : this.#running.count(task, partition)
  }

  #limits({ task, partition }: Group): GroupLimits {
    const { whole, each } = this.#limitsOf(task)
    return partition === '' ? whole : each
  }

  #log(group: Group, now: number): RateLog {
    const known = this.#logs.get(nameOf(group)) ?? this.#stored(group)
    const log = seenAt(known, now)
    if (log !== this.#logs.get(nameOf(group))) this.#remember(group, log)
    return log
  }

  #stored(group: Group): RateLog {
    const text = this.#statements.read(group)
    return text === undefined ? [] : (JSON.parse(text) as RateLog)
  }

  /** The log used longest ago is forgotten first. Its row remembers it. */
  #remember(group: Group, log: RateLog): void {
    const name = nameOf(group)
    this.#logs.delete(name)
    this.#logs.set(name, log)
    if (this.#logs.size <= logsMax) return
    const [oldest] = this.#logs.keys()
    if (oldest !== undefined) this.#logs.delete(oldest)
  }
}

function nameOf({ task, partition }: Group): string {
  return groupName(task, partition)
}
