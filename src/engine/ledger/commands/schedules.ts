/** What people see of schedules, and what they do to them: list, pause, resume, trigger. */
import { dueSlots, upcomingSlots } from '../../task/slots.ts'
import type { ShardSchedule } from '../memory/schedule-index.ts'
import type { Enqueued } from '../protocol/enqueue.ts'
import type { Refusal } from '../protocol/refusal.ts'
import type { ScheduleControl, ScheduleRecord, StopReason, TriggerRequest } from '../protocol/schedules.ts'
import type { ScheduleRow } from '../storage/small-tables.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { drainingRefusal } from './new-job.ts'
import { SlotHistory, slotRecords } from './schedule-history.ts'
import { addScheduledJob, liveJob, ruleOf, slotToCome, writeSchedule } from './schedule-rows.ts'

/** Slots to come that are shown. */
const nextMax = 5

/** Every schedule that has a row, as people see it. */
export function listSchedules({ schedules, shard }: Context, now: number): ScheduleRecord[] {
  return [...schedules.rows.values()].map((row) => recordOfSchedule(row, schedules.known(row.name), shard, now))
}

/** Pauses or resumes a schedule. */
export function controlSchedule(tx: Transaction, { name, action }: ScheduleControl): ScheduleRecord | Refusal {
  const { schedules, shard } = tx.context
  const [row, known] = [schedules.rows.get(name), schedules.known(name)]
  if (!row || !known) return unknownSchedule(name)
  const next = action === 'pause' ? { ...row, paused: 1 } : row.paused === 0 ? row : resumed(tx, known, row)
  writeSchedule(tx, next)
  return recordOfSchedule(next, known, shard, tx.now)
}

/** Makes a job of a schedule now, beside its slots and whatever its `overlap` says: a person wants it. */
export function triggerSchedule(tx: Transaction, { name, id, key }: TriggerRequest): Enqueued {
  const { schedules } = tx.context
  const [row, schedule] = [schedules.rows.get(name), schedules.known(name)]
  if (!row || !schedule) return unknownSchedule(name)
  const recorded = tx.job(id)
  const holder = key === undefined ? undefined : tx.jobByKey(key, schedule.task.name, schedule.partition)
  const existing = recorded ?? holder
  if (existing) return { id: existing.id, state: existing.state, duplicate: !recorded }
  if (row.stopped !== null)
    return { refused: 'unknown-task', message: `task ${row.task} of schedule ${name} is not served` }
  const refusal = drainingRefusal(tx, { task: schedule.task.name })
  if (refusal) return refusal
  const history = new SlotHistory(row, tx.now)
  const job = addScheduledJob(tx, schedule, tx.now, { id, ...(key !== undefined && { key }) })
  history.addJob(tx.now, id, true)
  // The job of a slot that has not ended yet is still the one that the next slot must not overlap.
  const lastJob = liveJob(tx, row.lastJob) ? row.lastJob : id
  writeSchedule(tx, { ...row, lastJob, history: history.text })
  return { id, state: job.state, duplicate: false }
}

function unknownSchedule(name: string): Refusal {
  return { refused: 'unknown-schedule', message: `there is no schedule ${name}` }
}

/** The row without its pause. The slots of the pause are skipped, and its history says so. */
function resumed(tx: Transaction, schedule: ShardSchedule, row: ScheduleRow): ScheduleRow {
  const rule = ruleOf(schedule, row.anchor)
  const history = new SlotHistory(row, tx.now)
  if (row.nextAt !== null && row.nextAt <= tx.now) {
    const { slots, earlier } = dueSlots(rule, row.nextAt, tx.now, tx.context.sizes.catchUpMax)
    history.addSkipped('paused', row.nextAt, slots.length + earlier)
  }
  return { ...row, paused: 0, nextAt: slotToCome(rule, row, tx.now), history: history.text }
}

function recordOfSchedule(
  row: ScheduleRow,
  known: ShardSchedule | undefined,
  shard: number,
  now: number,
): ScheduleRecord {
  const { name, task, nextAt, paused, stopped } = row
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
    history: slotRecords(row),
  }
}
