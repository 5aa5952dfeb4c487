/** The sweep: finished jobs older than the retention go, the oldest first, from where the last sweep ended. */
import { decodeTime } from 'ulid'
import { isFinal } from '../../task/states.ts'
import { addedCounts } from '../domain/counts.ts'
import { jobIdFloor, lesser, ulidOf } from '../domain/job-id.ts'
import { minutesKept } from '../memory/minute-stats.ts'
import type { SweptRow } from '../storage/jobs.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** Finished jobs gather for this share of their retention before they are swept: each sweep has rows and alarms of its own. */
const gatheredShare = 0.01

/**
 * Sweeps a slice. A finished job whose time has not come is passed with a due time of its own; a live job below the watermark
 * has one already. Answers whether there is more.
 */
export function sweep(tx: Transaction): boolean {
  const { memory, jobs, shard, sizes, defaultRetentionMs, statsRows } = tx.context
  const overfull = isOverfull(tx.context)
  const horizon = overfull ? memory.watermark : lesser(memory.watermark, jobIdFloor(shard, tx.now - defaultRetentionMs))
  const rows = jobs.sweep(memory.sweepCursor, horizon, sizes.maintenanceSlice)
  passRows(tx, rows, overfull)
  statsRows.forgetBefore(Math.floor(tx.now / 60_000) - minutesKept)
  const last = rows.at(-1)
  // The sweep takes the recyclable rows along: those that it leaves join the stored counts.
  const below = addedCounts(memory.counts.below, memory.counts.recyclable)
  if (last) tx.moveCursors({ ...memory.cursors, sweepCursor: last.id, recyclableEnd: '', below, recyclable: {} })
  return rows.length === sizes.maintenanceSlice
}

/** Passes over rows as a sweep does: finished jobs whose time is over go, and the other finished ones get a due time. */
export function passRows(tx: Transaction, rows: readonly SweptRow[], takesAll = false): void {
  const { memory, jobs, retentionMs } = tx.context
  const candidates = rows.filter(({ state, dueAt }) => isFinal(state) && dueAt === null)
  const endsAt = ({ task, finishedAt }: SweptRow) => (finishedAt ?? 0) + retentionMs(task)
  const isOver = (row: SweptRow) => takesAll || endsAt(row) <= tx.now
  const kept = candidates.filter((row) => !isOver(row))
  tx.remove(candidates.filter(isOver))
  jobs.setDue(kept.map((row) => ({ id: row.id, dueAt: endsAt(row) })))
  for (const row of kept) tx.armBy(endsAt(row))
  tx.onCommit(() => {
    for (const row of kept) memory.expectDue(endsAt(row))
  })
}

/** True when too much is kept: the oldest finished jobs go before their time. */
function isOverfull({ sql, historyBytesMax }: Context): boolean {
  return sql.bytes() > historyBytesMax
}

/**
 * When the sweep next has something to do: once the oldest job is past its retention, together with those that ended soon after
 * it; or at once, when the ledger is overfull.
 */
export function nextSweepAt(context: Context, notBefore: number): number | undefined {
  const oldest = context.jobs.firstAfter(context.memory.sweepCursor)
  if (oldest === undefined) return undefined
  const madeAt = decodeTime(ulidOf(oldest))
  const gatheredAt = madeAt + context.defaultRetentionMs * (1 + gatheredShare)
  return isOverfull(context) ? notBefore : Math.max(gatheredAt, notBefore)
}
