/** What the verbs of schedules and their maintenance share: a schedule's rule, its row, and the jobs that it makes. */

import { nextSlot, type SlotRule } from '../../task/slots.ts'
import { isFinal } from '../../task/states.ts'
import { type JobRow, newRow } from '../domain/row.ts'
import { following } from '../domain/transitions.ts'
import type { ShardSchedule } from '../memory/schedule-index.ts'
import type { NewJob } from '../protocol/enqueue.ts'
import type { ScheduleRow } from '../storage/small-tables.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { slotRecords } from './schedule-history.ts'
import { predecessor } from './settle.ts'

export function ruleOf({ rule }: ShardSchedule, anchor: number): SlotRule {
  return 'cron' in rule ? rule : { everyMs: rule.everyMs, anchor }
}

/** The first slot from now on; and, should the clock have stepped back, after every slot that was dealt with. */
export function slotToCome(rule: SlotRule, row: ScheduleRow | undefined, now: number): number | null {
  const dealtWith = row ? slotRecords(row).map(({ slot, trigger }) => (trigger ? 0 : slot)) : []
  return nextSlot(rule, Math.max(now, ...dealtWith)) ?? null
}

/** Writes a schedule's row, and arms the alarm for its next slot. */
export function writeSchedule(tx: Transaction, row: ScheduleRow): void {
  const { schedules, scheduleRows } = tx.context
  scheduleRows.write(row)
  tx.onCommit(() => schedules.rows.set(row.name, row))
  const at = schedules.dueAt(row)
  if (at !== undefined) tx.armBy(at)
}

/** The newest job of a schedule while it has not ended; should it have ended without having run, the job that it waited for. */
export function liveJob(tx: Transaction, id: string | null): JobRow | undefined {
  const row = id === null ? undefined : tx.job(id)
  return row && (isFinal(row.state) ? predecessor(tx, row) : row)
}

/**
 * Records a job of a schedule.
 * @param before a job whose end it waits for
 */
export function addScheduledJob(
  tx: Transaction,
  schedule: ShardSchedule,
  slot: number,
  own: Pick<NewJob, 'id' | 'key'>,
  before?: JobRow,
): JobRow {
  const { name, task, input, priority, tags, expiresInMs, partition } = schedule
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
  tx.stats.countEnqueued(tx.now, job.task)
  const row = newRow(job, tx.now)
  if (!before) return tx.add(row)
  tx.change(before, { ...before, successor: job.id })
  return tx.add({ ...row, ...following(row, before.id, tx.now, tx.now) })
}
