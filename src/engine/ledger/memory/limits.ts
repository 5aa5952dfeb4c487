/**
 * Rate and concurrency limits, counted exactly (I7): starts by the claims that made them, in logs that are written in
 * the claim's own transaction; concurrency by the live leases. A lapsed lease frees its place.
 *
 * Owns the logs in memory, which are read from their rows when they are first asked for, and the moments at which
 * parked partitions open. The logs cost a row a partition and claim, and none a job.
 */
import type { CheckedLimits, GroupLimits } from '../../task/limits.ts'
import { type RateLog, resetsAt, roomLeft, seenAt, spentAt, withStarts } from '../domain/rate-log.ts'
import type { limitStatements } from '../storage/small-tables.ts'
import type { Transaction } from '../transaction/transaction.ts'
import type { Admission } from './ready-index.ts'
import type { RunningJobs } from './running-jobs.ts'
import { TimerHeap } from './timer-heap.ts'

/** Logs kept in memory at most. */
const logsMax = 10_000
/**
 * Starts that become possible one by one are let through together: up to this share of the limit, to as many as are worth
 * a sync, and none later for it than this. A backlog then costs a few syncs a window, not one a start.
 */
const gatheredShare = 0.25
const gatheredMax = 10
const gatheredMsMax = 250

/** A task, or one of its partitions. */
export interface Group {
  readonly task: string
  /** `''` is the task as a whole. */
  readonly partition: string
}

/** How many leases of a group ended in this very transaction, which memory does not know yet. */
export type Ended = (group: Group) => number

export class Limits {
  readonly #statements: ReturnType<typeof limitStatements>
  readonly #running: RunningJobs
  readonly #limitsOf: (task: string) => CheckedLimits
  readonly #logs = new Map<string, RateLog>()
  readonly #resets = new TimerHeap<Group>((at, group) => this.#opening.get(nameOf(group)) === at)
  /** When each parked group opens. */
  readonly #opening = new Map<string, number>()

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
    const room = (group: Group, flow: GroupLimits) => {
      if (!flow.rate && flow.concurrency === undefined) return Number.POSITIVE_INFINITY
      const name = nameOf(group)
      const known = rooms.get(name)
      if (known !== undefined) return known
      const found = this.#room(group, flow, now, ended)
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
  started(tx: Transaction, jobs: readonly Group[]): void {
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
      const rate = this.#flow(group).rate
      if (!rate) continue
      const log = withStarts(rate, this.#log(group, tx.now), count, tx.now)
      this.#statements.write(group, JSON.stringify(log), spentAt(rate, log))
      tx.onCommit(() => this.#remember(group, log))
    }
  }

  /**
   * When a group that has no room is worth looking at again; undefined when only an ending attempt, or a person, opens
   * it.
   */
  resetsAt(group: Group, now: number): number | undefined {
    const { rate, concurrency } = this.#flow(group)
    if (concurrency !== undefined && this.#live(group) >= concurrency) return undefined
    if (!rate) return now
    const log = this.#log(group, now)
    const gathered = resetsAt(rate, log, now, Math.min(Math.ceil(rate.limit * gatheredShare), gatheredMax))
    return Math.min(gathered, resetsAt(rate, log, now) + gatheredMsMax)
  }

  /** A group is parked: it is to be opened by time, unless something else opens it first. */
  parked(group: Group, now: number): void {
    const at = this.resetsAt(group, now)
    const name = nameOf(group)
    if (at === undefined) this.#opening.delete(name)
    else if (this.#opening.get(name) !== at) {
      this.#opening.set(name, at)
      this.#resets.add(at, group)
    }
  }

  /** The groups that time has opened. */
  opened(now: number): Group[] {
    const groups = this.#resets.take(now)
    for (const group of groups) this.#opening.delete(nameOf(group))
    return groups
  }

  /** When time opens the next parked group. */
  nextOpeningAt(): number | undefined {
    return this.#resets.next()
  }

  /** What a job holds a place in: its partition if that has places, or else its task. Undefined: nothing counts them. */
  placeOf({ task, partition }: Group): string | undefined {
    const { whole, each } = this.#limitsOf(task)
    if (partition !== '' && each.concurrency !== undefined) return nameOf({ task, partition })
    return whole.concurrency === undefined ? undefined : nameOf({ task, partition: '' })
  }

  #room(group: Group, { rate, concurrency }: GroupLimits, now: number, ended: Ended): number {
    const places = concurrency === undefined ? Number.POSITIVE_INFINITY : concurrency - this.#live(group) + ended(group)
    return Math.min(places, rate ? roomLeft(rate, this.#log(group, now), now) : Number.POSITIVE_INFINITY)
  }

  #live({ task, partition }: Group): number {
    return partition === '' ? this.#running.count(task) : this.#running.count(task, partition)
  }

  #flow({ task, partition }: Group): GroupLimits {
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

  /** The logs used longest ago go first: a row remembers them. */
  #remember(group: Group, log: RateLog): void {
    const name = nameOf(group)
    this.#logs.delete(name)
    this.#logs.set(name, log)
    if (this.#logs.size <= logsMax) return
    const [oldest] = this.#logs.keys()
    if (oldest !== undefined) this.#logs.delete(oldest)
  }
}

/** A task's name holds no space. */
function nameOf({ task, partition }: Group): string {
  return `${task} ${partition}`
}
