/**
 * Makes the rows of schedules follow the code. The code says which schedules there are; rows remember how far each is. Where
 * they differ the code wins, and the cadence is kept: an unchanged rule keeps its next slot, a changed one counts from now, and
 * one that is gone from the code stops.
 */
import { ruleOf, slotToCome, writeSchedule } from '../commands/schedule-rows.ts'
import { type ShardSchedule, scheduleSignature } from '../memory/schedule-index.ts'
import type { StopReason } from '../protocol/schedules.ts'
import type { ScheduleRow } from '../storage/small-tables.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** Once an activation. Writes nothing when the rows follow the code already. */
export function reconcile(tx: Transaction): void {
  const { schedules, serves, facts } = tx.context
  const known = schedules.names().flatMap((name) => schedules.known(name) ?? [])
  const signature = scheduleSignature(known, serves)
  if ((facts.read<string>('schedules') ?? '') === signature) return
  for (const schedule of known) {
    const row = schedules.rows.get(schedule.name)
    const next = reconciled(schedule, row, serves(schedule.task.name) ? null : 'unknown-task', tx.now)
    if (next !== row) writeSchedule(tx, next)
  }
  for (const row of schedules.rows.values()) {
    if (!schedules.known(row.name) && row.stopped !== 'removed')
      writeSchedule(tx, { ...row, stopped: 'removed' satisfies StopReason, nextAt: null })
  }
  facts.write('schedules', signature)
}

/** The row as the code wants it. */
function reconciled(
  schedule: ShardSchedule,
  row: ScheduleRow | undefined,
  stopped: StopReason | null,
  now: number,
): ScheduleRow {
  const { name, ruleText: rule } = schedule
  const task = schedule.task.name
  if (!row || row.rule !== rule) {
    const nextAt = slotToCome(ruleOf(schedule, now), row, now)
    const { paused = 0, lastJob = null, history = '[]' } = row ?? {}
    return { name, task, rule, anchor: now, nextAt, paused, stopped, lastJob, history }
  }
  if (row.task === task && row.stopped === stopped) return row
  // Back after a stop: the slots that passed meanwhile were not its own.
  const isBack = row.stopped !== null && stopped === null
  const nextAt = isBack ? slotToCome(ruleOf(schedule, row.anchor), row, now) : row.nextAt
  return { ...row, task, stopped, nextAt }
}
