/**
 * Schedules: the slots that have come make jobs. I6: the slot advances in the transaction that inserts its job, so that
 * a doubled alarm, a restart and a retry make one job a slot.
 *
 * The code says which schedules there are; rows remember how far each is. Where they differ the code wins, with the
 * cadence kept: an unchanged rule keeps its next slot, a changed one counts anew, one that is gone from the code stops.
 */
import { isFinal } from '../../task/job.ts'
import { jitterOffsetMs, type ScheduleDefinition } from '../../task/schedule.ts'
import { dueSlots, nextSlot, type SlotRule, upcomingSlots } from '../../task/slots.ts'
import { newJobId } from '../domain/job-id.ts'
import { type JobRow, newRow } from '../domain/row.ts'
import { isDraining } from '../domain/settings.ts'
import { following } from '../domain/transitions.ts'
import type {
  Enqueued,
  NewJob,
  Refusal,
  ScheduleAction,
  ScheduleRecord,
  SkipReason,
  SlotRecord,
  StopReason,
  TriggerRequest,
} from '../protocol/protocol.ts'
import type { ScheduleRow } from '../storage/small-tables.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { cancelRow } from './control.ts'
import { predecessor } from './settle.ts'

/** A schedule of the code, and where its jobs live. */
export interface ShardSchedule extends ScheduleDefinition {
  readonly shard: number
  readonly partition: string
}

/** Slots that `catchUp: 'all'` makes up for; older ones are missed. */
export const catchUpMax = 100
/** Slots of one schedule in one transaction: their inputs may be large. */
const slotsASlice = 10
/** With `catchUp: 'skip'` a slot this old is missed. */
const lateMs = 60_000
/** What is told of a schedule's past and of its future. */
const historyMax = 50
const nextMax = 5

/** The schedules of one ledger in memory: what the code says, and the rows. */
export class Schedules {
  readonly rows: Map<string, ScheduleRow>
  readonly #known: ReadonlyMap<string, ShardSchedule>

  constructor(rows: readonly ScheduleRow[], known: readonly ShardSchedule[]) {
    this.rows = new Map(rows.map((row) => [row.name, row]))
    this.#known = new Map(known.map((one) => [one.name, one]))
  }

  known(name: string): ShardSchedule | undefined {
    return this.#known.get(name)
  }

  names(): string[] {
    return [...this.#known.keys()]
  }

  /** When the next slot comes due, its spread included. */
  nextAt(): number | undefined {
    let next: number | undefined
    for (const row of this.rows.values()) {
      const at = this.dueAt(row)
      if (at !== undefined && (next === undefined || at < next)) next = at
    }
    return next
  }

  /** When a row's next slot comes due; undefined when none will. */
  dueAt({ name, nextAt, paused, stopped }: ScheduleRow): number | undefined {
    const known = this.#known.get(name)
    if (!known || nextAt === null || paused !== 0 || stopped !== null) return undefined
    return nextAt + jitterOffsetMs(name, known.jitterMs)
  }
}

/** What tells whether the rows follow this code already. */
export function scheduleSignature(known: readonly ShardSchedule[], serves: (task: string) => boolean): string {
  return known
    .map(({ name, task, ruleText }) => `${name} ${task.name} ${serves(task.name)} ${ruleText}`)
    .sort()
    .join('\n')
}

/** Makes the rows follow the code: once an activation, and not at all when they do. */
export function reconcile(core: Context, tx: Transaction): void {
  const { schedules, serves, facts } = core
  const known = schedules.names().flatMap((name) => schedules.known(name) ?? [])
  const signature = scheduleSignature(known, serves)
  if ((facts.read<string>('schedules') ?? '') === signature) return
  for (const one of known) {
    const row = schedules.rows.get(one.name)
    const next = followed(one, row, serves(one.task.name) ? null : 'unknown-task', tx.now)
    if (next !== row) write(core, tx, next)
  }
  for (const row of schedules.rows.values()) {
    if (!schedules.known(row.name) && row.stopped !== 'removed')
      write(core, tx, { ...row, stopped: 'removed' satisfies StopReason, nextAt: null })
  }
  facts.write('schedules', signature)
}

/** The row as the code wants it. */
function followed(
  one: ShardSchedule,
  row: ScheduleRow | undefined,
  stopped: StopReason | null,
  now: number,
): ScheduleRow {
  const { name, ruleText: rule } = one
  const task = one.task.name
  if (!row || row.rule !== rule) {
    const nextAt = slotToCome(ruleOf(one, now), row, now)
    const { paused = 0, lastJob = null, history = '[]' } = row ?? {}
    return { name, task, rule, anchor: now, nextAt, paused, stopped, lastJob, history }
  }
  if (row.task === task && row.stopped === stopped) return row
  // Back after a stop: the slots that passed meanwhile were not its own.
  const isBack = row.stopped !== null && stopped === null
  const nextAt = isBack ? slotToCome(ruleOf(one, row.anchor), row, now) : row.nextAt
  return { ...row, task, stopped, nextAt }
}

/** The first slot from now on; and, should the clock have stepped back, after every slot that was dealt with. */
function slotToCome(rule: SlotRule, row: ScheduleRow | undefined, now: number): number | null {
  const past = row ? (JSON.parse(row.history) as SlotRecord[]) : []
  const dealtWith = past.map(({ slot, trigger }) => (trigger ? 0 : slot))
  return nextSlot(rule, Math.max(now, ...dealtWith)) ?? null
}

/** The slots that have come. True when there are more. */
export function fire(core: Context, tx: Transaction): boolean {
  const { schedules } = core
  let isMore = false
  for (const row of schedules.rows.values()) {
    const known = schedules.known(row.name)
    if (known && (schedules.dueAt(row) ?? Number.POSITIVE_INFINITY) <= tx.now)
      isMore = fireOne(core, tx, known, row) || isMore
  }
  return isMore
}

function fireOne(core: Context, tx: Transaction, one: ShardSchedule, row: ScheduleRow): boolean {
  // Its clock is behind by its spread: a slot is due that much later.
  const now = tx.now - jitterOffsetMs(one.name, one.jitterMs)
  const due = dueSlots(ruleOf(one, row.anchor), row.nextAt ?? now, now, catchUpMax)
  const { missed, taken } = chosen(one, due.slots, now)
  const past = new Past(row, tx.now)
  past.skip('missed', row.nextAt ?? now, missed + due.earlier)
  const slice = taken.slice(0, slotsASlice)
  let last = row.lastJob
  for (const slot of slice) last = fireSlot(core, tx, one, slot, last, past) ?? last
  const isMore = slice.length < taken.length
  const nextAt = isMore ? (taken[slice.length] ?? null) : (due.next ?? null)
  write(core, tx, { ...row, nextAt, lastJob: last, history: past.text() })
  return isMore
}

/** Which of the slots that have come make jobs, by the schedule's `catchUp`. */
function chosen(
  { catchUp }: ShardSchedule,
  slots: readonly number[],
  now: number,
): { missed: number; taken: readonly number[] } {
  if (catchUp === 'all') return { missed: 0, taken: slots }
  const newest = slots.at(-1)
  const isLate = newest !== undefined && catchUp === 'skip' && now - newest > lateMs
  return isLate
    ? { missed: slots.length, taken: [] }
    : { missed: Math.max(0, slots.length - 1), taken: slots.slice(-1) }
}

/** Makes the job of a slot, unless something stands against it. Answers its id. */
function fireSlot(
  core: Context,
  tx: Transaction,
  one: ShardSchedule,
  slot: number,
  last: string | null,
  past: Past,
): string | undefined {
  if (isDraining(core.cached.settings, one.task.name)) {
    past.skip('draining', slot)
    return undefined
  }
  const before = one.overlap === 'allow' ? undefined : liveJob(core, tx, last)
  if (before && one.overlap === 'skip') {
    past.skip('overlap', slot)
    return undefined
  }
  // A running job learns of its cancellation with its runner's next beat: the new one waits for its end. One that waited
  // itself for such an end is cancelled at once, and leaves the waiting to the new one.
  const stopping = before && cancelRow(core, tx, before)
  const running = stopping && (isFinal(stopping.state) ? predecessor(core, tx, stopping) : stopping)
  const id = newJobId(core.shard, tx.now, core.random)
  insert(tx, one, slot, { id }, running)
  past.made(slot, id)
  return id
}

/** The newest job while it has not ended; should it have ended without having run, the one that it waited for. */
function liveJob(core: Context, tx: Transaction, id: string | null): JobRow | undefined {
  if (id === null) return undefined
  const added = core.jobs.byIds([id])[0] ?? tx.added(id)
  const row = added && tx.latest(added)
  return row && (isFinal(row.state) ? predecessor(core, tx, row) : row)
}

function insert(
  tx: Transaction,
  one: ShardSchedule,
  slot: number,
  own: Pick<NewJob, 'id' | 'key'>,
  before?: JobRow,
): JobRow {
  const { name, task, input, priority, tags, expiresInMs, partition } = one
  const job: NewJob = {
    ...own,
    task: task.name,
    input,
    maxAttempts: task.retry.maxAttempts,
    priority,
    partition,
    schedule: { name, slot },
    ...(tags.length > 0 && { tags }),
    ...(expiresInMs !== undefined && { expiresInMs }),
  }
  tx.minuteStats.enqueued(tx.now, job.task)
  const row = newRow(job, tx.now)
  if (!before) return tx.add(row)
  tx.change(before, { ...before, successor: job.id })
  return tx.add({ ...row, ...following(row, before.id, tx.now, tx.now) })
}

/** Every schedule that has a row, as people see it. */
export function listSchedules({ schedules, shard }: Context, now: number): ScheduleRecord[] {
  return [...schedules.rows.values()].map((row) => recordOfSchedule(row, schedules.known(row.name), shard, now))
}

/** Pauses or resumes a schedule. */
export function controlSchedule(
  core: Context,
  tx: Transaction,
  name: string,
  action: ScheduleAction,
): ScheduleRecord | Refusal {
  const { schedules, shard } = core
  const [row, known] = [schedules.rows.get(name), schedules.known(name)]
  if (!row || !known) return unknown(name)
  const next = action === 'pause' ? { ...row, paused: 1 } : row.paused === 0 ? row : resumed(tx, known, row)
  write(core, tx, next)
  return recordOfSchedule(next, known, shard, tx.now)
}

/** A job of a schedule now, beside its slots, whatever its overlap says: a person wants it. */
export function trigger(core: Context, tx: Transaction, { name, id, key }: TriggerRequest): Enqueued {
  const [row, one] = [core.schedules.rows.get(name), core.schedules.known(name)]
  if (!row || !one) return unknown(name)
  const recorded = core.jobs.byIds([id])[0]
  const holder = key === undefined ? undefined : core.jobs.byKey(key, one.task.name, one.partition)
  const there = recorded ?? holder
  if (there) return { id: there.id, state: there.state, duplicate: !recorded }
  if (row.stopped !== null)
    return { refused: 'unknown-task', message: `task ${row.task} of schedule ${name} is not served` }
  if (isDraining(core.cached.settings, one.task.name))
    return {
      refused: 'draining',
      message: `task ${one.task.name} is being drained and takes no new jobs; resume it first`,
    }
  const past = new Past(row, tx.now)
  const job = insert(tx, one, tx.now, { id, ...(key !== undefined && { key }) })
  past.made(tx.now, id, true)
  // The job of a slot that has not ended yet is still the one that the next slot must not overlap.
  const lastJob = liveJob(core, tx, row.lastJob) ? row.lastJob : id
  write(core, tx, { ...row, lastJob, history: past.text() })
  return { id, state: job.state, duplicate: false }
}

function unknown(name: string): Refusal {
  return { refused: 'unknown-schedule', message: `there is no schedule ${name}` }
}

/** The slots of the pause are skipped, and said to be. */
function resumed(tx: Transaction, one: ShardSchedule, row: ScheduleRow): ScheduleRow {
  const rule = ruleOf(one, row.anchor)
  const past = new Past(row, tx.now)
  if (row.nextAt !== null && row.nextAt <= tx.now) {
    const { slots, earlier } = dueSlots(rule, row.nextAt, tx.now, catchUpMax)
    past.skip('paused', row.nextAt, slots.length + earlier)
  }
  return { ...row, paused: 0, nextAt: slotToCome(rule, row, tx.now), history: past.text() }
}

function recordOfSchedule(
  row: ScheduleRow,
  known: ShardSchedule | undefined,
  shard: number,
  now: number,
): ScheduleRecord {
  const { name, task, nextAt, paused, stopped, history } = row
  const state = stopped !== null ? 'stopped' : paused !== 0 ? 'paused' : 'active'
  const isComing = state === 'active' && known !== undefined && nextAt !== null
  return {
    name,
    task,
    shard,
    state,
    ...(stopped !== null && { stopped: stopped as StopReason }),
    ...(known && { rule: known.rule, catchUp: known.catchUp, overlap: known.overlap, jitterMs: known.jitterMs }),
    ...(isComing && { nextAt }),
    next: isComing ? [nextAt, ...upcomingSlots(ruleOf(known, row.anchor), Math.max(nextAt, now), nextMax - 1)] : [],
    history: JSON.parse(history) as SlotRecord[],
  }
}

/** What became of a schedule's slots, newest first, and bounded. */
class Past {
  #records: SlotRecord[]
  readonly #at: number

  constructor({ history }: ScheduleRow, at: number) {
    this.#records = JSON.parse(history) as SlotRecord[]
    this.#at = at
  }

  made(slot: number, job: string, trigger = false): void {
    this.#records.unshift({ slot, at: this.#at, job, ...(trigger && { trigger }) })
  }

  /** @param slot the first of those skipped */
  skip(skipped: SkipReason, slot: number, count = 1): void {
    if (count > 0) this.#records.unshift({ slot, at: this.#at, skipped, ...(count > 1 && { count }) })
  }

  text(): string {
    return JSON.stringify(this.#records.slice(0, historyMax))
  }
}

function write({ schedules, scheduleRows }: Context, tx: Transaction, row: ScheduleRow): void {
  scheduleRows.write(row)
  tx.onCommit(() => schedules.rows.set(row.name, row))
  const at = schedules.dueAt(row)
  if (at !== undefined) tx.armBy(at)
}

function ruleOf({ rule }: ShardSchedule, anchor: number): SlotRule {
  return 'cron' in rule ? rule : { everyMs: rule.everyMs, anchor }
}
