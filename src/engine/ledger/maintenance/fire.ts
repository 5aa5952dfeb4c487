/**
 * The slots of schedules that have come make jobs. I6: a slot advances in the transaction that records its job, so that a
 * doubled alarm, a restart and a retry make one job a slot.
 */

import { jitterOffsetMs } from '../../task/schedule.ts'
import { dueSlots } from '../../task/slots.ts'
import { isFinal } from '../../task/states.ts'
import { cancelRow } from '../commands/control.ts'
import { SlotHistory } from '../commands/schedule-history.ts'
import { addScheduledJob, liveJob, ruleOf, writeSchedule } from '../commands/schedule-rows.ts'
import { predecessor } from '../commands/settle.ts'
import { newJobId } from '../domain/job-id.ts'
import { isDraining } from '../domain/settings.ts'
import type { ShardSchedule } from '../memory/schedule-index.ts'
import type { ScheduleRow } from '../storage/small-tables.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** With `catchUp: 'skip'` a slot this old is missed. */
const lateMs = 60_000

/** Fires the slots that have come. Answers whether there are more. */
export function fireSlots(tx: Transaction): boolean {
  const { schedules } = tx.context
  let isMore = false
  for (const row of schedules.rows.values()) {
    const schedule = schedules.known(row.name)
    if (schedule && (schedules.dueAt(row) ?? Number.POSITIVE_INFINITY) <= tx.now)
      isMore = fireSchedule(tx, schedule, row) || isMore
  }
  return isMore
}

function fireSchedule(tx: Transaction, schedule: ShardSchedule, row: ScheduleRow): boolean {
  const { catchUpMax, slotsPerSlice } = tx.context.sizes
  // Its clock is behind by its jitter: a slot is due that much later.
  const now = tx.now - jitterOffsetMs(schedule.name, schedule.jitterMs)
  const due = dueSlots(ruleOf(schedule, row.anchor), row.nextAt ?? now, now, catchUpMax)
  const { missed, chosen } = chosenSlots(schedule, due.slots, now)
  const history = new SlotHistory(row, tx.now)
  history.addSkipped('missed', row.nextAt ?? now, missed + due.earlier)
  const slice = chosen.slice(0, slotsPerSlice)
  let last = row.lastJob
  for (const slot of slice) last = fireSlot(tx, schedule, slot, last, history) ?? last
  const isMore = slice.length < chosen.length
  const nextAt = isMore ? (chosen[slice.length] ?? null) : (due.next ?? null)
  writeSchedule(tx, { ...row, nextAt, lastJob: last, history: history.text })
  return isMore
}

/** Which of the slots that have come make jobs, by the schedule's `catchUp`. */
function chosenSlots(
  { catchUp }: ShardSchedule,
  slots: readonly number[],
  now: number,
): { missed: number; chosen: readonly number[] } {
  if (catchUp === 'all') return { missed: 0, chosen: slots }
  const newest = slots.at(-1)
  const isLate = newest !== undefined && catchUp === 'skip' && now - newest > lateMs
  return isLate
    ? { missed: slots.length, chosen: [] }
    : { missed: Math.max(0, slots.length - 1), chosen: slots.slice(-1) }
}

/** Makes the job of a slot, unless something stands against it. Answers the job's id. */
function fireSlot(
  tx: Transaction,
  schedule: ShardSchedule,
  slot: number,
  last: string | null,
  history: SlotHistory,
): string | undefined {
  const { shard, random, cached } = tx.context
  if (isDraining(cached.settings, schedule.task.name)) {
    history.addSkipped('draining', slot)
    return undefined
  }
  const before = schedule.overlap === 'allow' ? undefined : liveJob(tx, last)
  if (before && schedule.overlap === 'skip') {
    history.addSkipped('overlap', slot)
    return undefined
  }
  // A running job learns of its cancellation with its runner's next heartbeat, and the new job waits for its end. A job that
  // itself waited for such an end is cancelled at once, and the new job waits in its place.
  const stopping = before && cancelRow(tx, before)
  const running = stopping && (isFinal(stopping.state) ? predecessor(tx, stopping) : stopping)
  const id = newJobId(shard, tx.now, random)
  addScheduledJob(tx, schedule, slot, { id }, running)
  history.addJob(slot, id)
  return id
}
