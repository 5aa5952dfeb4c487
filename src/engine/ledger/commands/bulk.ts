/**
 * What is done to every job that a filter finds: recorded first, then worked off a slice at a time by the alarm, so that it
 * goes on after a restart. It goes once from the newest job that was there when it began to the oldest.
 */
import { isFinal } from '../../task/states.ts'
import { idAheadMsMax, jobIdFloor, lesser } from '../domain/job-id.ts'
import type { JobRow } from '../domain/row.ts'
import type { BulkAction, BulkReply, BulkRequest, JobFilter } from '../protocol/jobs.ts'
import type { Refusal } from '../protocol/refusal.ts'
import type { SearchRow } from '../storage/jobs.ts'
import type { BulkRow } from '../storage/small-tables.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { cancelRow, redriveRow } from './control.ts'
import { idsOf, isMeant } from './read.ts'

/** Actions that are kept for people to look at. */
const keptMax = 20

/** Begins an action, or answers how far the one of this id is: a repeated call begins nothing twice. */
export function beginBulk(tx: Transaction, { id, action, filter }: BulkRequest): BulkReply | Refusal {
  const { shard, bulkRows, bulks } = tx.context
  const known = bulkRows.get(id)
  if (known) {
    const isSame = known.action === action && known.filter === JSON.stringify(filter)
    return isSame
      ? progressOf(known)
      : { refused: 'key-conflict', message: `bulk action ${id} is known with another filter` }
  }
  const below = lesser(idsOf(shard, filter).below, jobIdFloor(shard, tx.now + idAheadMsMax))
  const row: BulkRow = { id, action, filter: JSON.stringify(filter), startedAt: tx.now, below, looked: 0, changed: 0 }
  bulkRows.write(row)
  const all = bulkRows.all()
  for (const old of all.filter((one) => one.below === null).slice(0, Math.max(0, all.length - keptMax)))
    bulkRows.forget(old.id)
  tx.armBy(tx.now)
  tx.onCommit(() => bulks.add(id))
  return progressOf(row)
}

/** How far an action is. */
export function bulkProgress({ bulkRows }: Context, _now: number, id: string): BulkReply | Refusal {
  const row = bulkRows.get(id)
  return row ? progressOf(row) : { refused: 'unknown-bulk', message: `there is no bulk action ${id}` }
}

/** Works off one slice of the action that has waited longest. Answers whether there is more to do. */
export function continueBulk(tx: Transaction): boolean {
  const { shard, jobs, bulkRows, bulks, sizes } = tx.context
  const [id] = bulks
  const row = id === undefined ? undefined : bulkRows.get(id)
  if (id === undefined) return false
  if (!row || row.below === null) {
    tx.onCommit(() => bulks.delete(id))
    return bulks.size > 1
  }
  const filter = JSON.parse(row.filter) as JobFilter
  const searched = jobs.search(row.below, idsOf(shard, filter).from, sizes.bulkLookedMax)
  const found = searched.filter((one) => isMeant(filter, one) && isOpenTo(row, one))
  const slice = found.slice(0, sizes.bulkChangedMax)
  const change = row.action === 'cancel' ? cancelRow : redriveRow
  // Read together. Each is looked at again in its turn, for changing one job may have released another.
  const ids = tx.jobs(slice.map((one) => one.id)).map((job) => job.id)
  const changed = ids.filter((one) => change(tx, tx.job(one) as JobRow) !== undefined).length
  const isWhole = slice.length === found.length
  const last = isWhole ? searched.at(-1)?.id : slice.at(-1)?.id
  const isDone = isWhole && searched.length < sizes.bulkLookedMax
  bulkRows.write({
    ...row,
    below: isDone ? null : (last ?? null),
    looked: row.looked + (isWhole ? searched.length : searched.findIndex((one) => one.id === last) + 1),
    changed: row.changed + changed,
  })
  if (isDone) tx.onCommit(() => bulks.delete(id))
  return !isDone || bulks.size > 1
}

/**
 * True for a job that was there when the action began, whatever its id says. A redrive takes jobs that had ended by then: a
 * job that it has redriven itself may end again.
 */
function isOpenTo({ action, startedAt }: BulkRow, { state, createdAt, finishedAt }: SearchRow): boolean {
  if (createdAt > startedAt) return false
  return action === 'cancel' ? !isFinal(state) : isFinal(state) && (finishedAt ?? 0) <= startedAt
}

function progressOf({ action, below, looked, changed }: BulkRow): BulkReply {
  return { action: action as BulkAction, done: below === null, looked, changed }
}
