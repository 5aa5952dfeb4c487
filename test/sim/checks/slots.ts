/**
 * Schedules (I6): at most one job a slot, slots in order, and for every slot that a schedule has passed either a job or a
 * skip that its policy allows. Slots are counted here independently: the rules of a plan are plain intervals.
 */
import type { SlotRecord } from '../../../src/engine/ledger/protocol/schedules.ts'
import { jitterOffsetMs } from '../../../src/engine/task/schedule.ts'
import type { RulesPlan } from '../plan-rules.ts'
import type { Cause } from './cause.ts'
import type { Claim, Row, Rows } from './rows.ts'
import type { SeenSchedule } from './seen.ts'

/** How many missed slots of a cron rule are counted. */
const countedMax = 1_000
/** With `catchUp: 'skip'` a slot this old is missed. */
const lateMs = 60_000

export class Slots {
  readonly rows = new Map<string, SeenSchedule>()
  /** The newest slot of each schedule that has made a job. */
  readonly #newest = new Map<string, number>()
  readonly #triggered = new Set<string>()

  private readonly claim: Claim
  private readonly jobs: Rows
  private readonly plan: RulesPlan
  /** How many slots `catchUp: 'all'` makes up for at most. */
  /** How many slots `catchUp: 'all'` makes up for at most. */
  private readonly catchUpMax: number

  constructor(claim: Claim, jobs: Rows, plan: RulesPlan, catchUpMax: number) {
    this.claim = claim
    this.jobs = jobs
    this.plan = plan
    this.catchUpMax = catchUpMax
  }

  /** A job of a schedule is recorded. */
  made(row: Row, cause: Cause | undefined): void {
    const { schedule: name, slot, id } = row
    if (name === null || slot === null) return
    if (cause?.verb === 'triggerSchedule') {
      this.#triggered.add(id)
      return
    }
    const newest = this.#newest.get(name) ?? 0
    this.claim(slot > newest, 'I6', () => `${id} is of slot ${slot} of ${name}, which has made ${newest} already`)
    this.#newest.set(name, Math.max(slot, newest))
    if (this.#overlap(name) !== 'skip') return
    for (const other of this.jobs.live.values()) {
      if (other.schedule !== name || !this.#isOfSlot(other) || other.id === id) continue
      this.claim(false, 'I6', () => `${id} of ${name} is made while ${other.id} is ${other.state}: it is to be skipped`)
    }
  }

  /** A job of a schedule that cancels the job before does not run beside that job. */
  started({ id, schedule: name }: Row): void {
    if (name === null || this.#overlap(name) !== 'cancel' || this.#triggered.has(id) || this.jobs.isRedriven(id)) return
    for (const other of this.jobs.live.values()) {
      const isBeside = other.id !== id && other.schedule === name && other.state === 'running' && this.#isOfSlot(other)
      this.claim(!isBeside, 'I6', () => `${id} of ${name} runs beside ${other.id}`)
    }
  }

  /** The row of a schedule was written. Every slot that it has passed has a job or a skip. */
  written(after: SeenSchedule, cause: Cause | undefined, made: readonly Row[]): void {
    const before = this.rows.get(after.name)
    this.rows.set(after.name, after)
    if (!before || cause?.verb !== 'maintain' || before.nextAt === null || before.nextAt === after.nextAt) return
    const { claim } = this
    const { name } = after
    const [from, to] = [before.nextAt, after.nextAt ?? Number.POSITIVE_INFINITY]
    claim(to > from, 'I6', () => `${name} goes back from slot ${from} to ${to}`)
    const now = cause.now - this.#jitterMs(after)
    claim(from <= now, 'I6', () => `slot ${from} of ${name} is dealt with at ${now}`)
    const passed = slotsOf(after, from, to)
    const jobs = made.filter((row) => row.schedule === name).map(({ slot }) => slot as number)
    const skips = newest(before, after).filter(({ skipped }) => skipped !== undefined)
    const skipped = (why: string) => skips.reduce((sum, one) => sum + (one.skipped === why ? (one.count ?? 1) : 0), 0)
    const others = skipped('overlap') + skipped('draining')
    const told = () => `${name} passes ${passed} slots from ${from} to ${to} at ${now}`
    for (const slot of jobs) claim(slotsOf(after, slot, slot + 1) === 1, 'I6', () => `${slot} is no slot of ${name}`)
    const due = slotsOf(after, from, now + 1)
    // The engine does not count so many slots of a cron rule one by one.
    if (after.rule.includes('cron') && due > countedMax) return
    claim(
      jobs.length + others + skipped('missed') === passed,
      'I6',
      () => `${told()}: ${jobs.length} jobs, ${JSON.stringify(skips)}`,
    )
    const { catchUp } = this.#planned(name)
    const last = lastSlot(after, now)
    const missed =
      catchUp === 'all' ? Math.max(0, due - this.catchUpMax) : catchUp === 'skip' && now - last > lateMs ? due : due - 1
    claim(skipped('missed') === missed, 'I6', () => `${told()}: ${skipped('missed')} are missed, not ${missed}`)
  }

  /** When the next slot of an active schedule is due. */
  dueAt(): { name: string; at: number }[] {
    return [...this.rows.values()].flatMap((row) => {
      const { name, nextAt, paused, stopped } = row
      if (nextAt === null || paused !== 0 || stopped !== null) return []
      return [{ name, at: nextAt + this.#jitterMs(row) }]
    })
  }

  #isOfSlot({ id }: Row): boolean {
    return !this.#triggered.has(id) && !this.jobs.isRedriven(id)
  }

  #overlap(name: string): string {
    return this.#planned(name).overlap
  }

  #planned(name: string) {
    const found = this.plan.schedules.find((one) => one.name === name)
    if (!found) throw new Error(`nobody has planned schedule ${name}`)
    return found
  }

  #jitterMs({ name, rule }: SeenSchedule): number {
    return jitterOffsetMs(name, (JSON.parse(rule) as { jitterMs: number }).jitterMs)
  }
}

/** The records that a write has added. */
function newest(before: SeenSchedule, after: SeenSchedule): SlotRecord[] {
  const [old, records] = [JSON.parse(before.history) as SlotRecord[], JSON.parse(after.history) as SlotRecord[]]
  const [head] = old
  const at = records.findIndex((one) => JSON.stringify(one) === JSON.stringify(head))
  return at === -1 ? records : records.slice(0, at)
}

/** The interval of a rule, and one of its slots. Cron rules of a plan fire every so many seconds of a minute, in UTC. */
function periodOf({ rule, anchor }: SeenSchedule): { every: number; origin: number } {
  const { cron, everyMs } = JSON.parse(rule) as { cron?: string; everyMs?: number }
  if (cron === undefined) return { every: everyMs ?? 0, origin: anchor }
  const seconds = /^\*\/(\d+) /.exec(cron)?.[1]
  return { every: seconds === undefined ? 60_000 : Number(seconds) * 1_000, origin: 0 }
}

/** How many slots there are from one time up to another, which is not included. */
function slotsOf(row: SeenSchedule, from: number, to: number): number {
  const { every, origin } = periodOf(row)
  const upTo = (at: number) => Math.ceil((at - origin) / every)
  return Math.max(0, upTo(to) - Math.max(upTo(from), origin === 0 ? 0 : 1))
}

function lastSlot(row: SeenSchedule, now: number): number {
  const { every, origin } = periodOf(row)
  return origin + Math.floor((now - origin) / every) * every
}
