/**
 * What is done to every job that a filter finds: recorded first, then worked off a slice at a time by the alarm, so that
 * it goes on after a restart. It goes from the newest job that was there when it began to the oldest, once.
 */
import { isFinal } from '../../task/job.ts'
import { jobIdFloor, lesser } from '../domain/job-id.ts'
import type { BulkAction, BulkReply, BulkRequest, JobFilter, Refusal } from '../protocol/protocol.ts'
import type { SearchRow } from '../storage/jobs.ts'
import type { BulkRow } from '../storage/small-tables.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { cancelRow, redriveRow } from './control.ts'
import { idsOf, isMeant } from './read.ts'

/** Jobs one slice looks at, and changes at most. */
const lookedMax = 2_000
const changedMax = 500
/** Actions kept for people to look at. */
const keptMax = 20
/** Clocks of isolates differ: an id may be made this much ahead of the ledger's time. */
const clockSlackMs = 60_000

/** Begins an action, or answers how far the one of this id is: a repeated call begins nothing twice. */
export function bulk(core: Context, tx: Transaction, { id, action, filter }: BulkRequest): BulkReply | Refusal {
  const known = core.bulkRows.get(id)
  if (known) {
    const isSame = known.action === action && known.filter === JSON.stringify(filter)
    return isSame
      ? progressOf(known)
      : { refused: 'key-conflict', message: `bulk action ${id} is known with another filter` }
  }
  const below = lesser(idsOf(core.shard, filter).below, jobIdFloor(core.shard, tx.now + clockSlackMs))
  const row: BulkRow = { id, action, filter: JSON.stringify(filter), startedAt: tx.now, below, looked: 0, changed: 0 }
  core.bulkRows.write(row)
  const all = core.bulkRows.all()
  for (const old of all.filter((one) => one.below === null).slice(0, Math.max(0, all.length - keptMax)))
    core.bulkRows.forget(old.id)
  tx.armBy(tx.now)
  tx.onCommit(() => core.bulks.add(id))
  return progressOf(row)
}

export function bulkProgress({ bulkRows }: Context, id: string): BulkReply | Refusal {
  const row = bulkRows.get(id)
  return row ? progressOf(row) : { refused: 'unknown-bulk', message: `there is no bulk action ${id}` }
}

/** One slice of the action that has waited longest. True when there is more to do. */
export function workOff(core: Context, tx: Transaction): boolean {
  const [id] = core.bulks
  const row = id === undefined ? undefined : core.bulkRows.get(id)
  if (id === undefined) return false
  if (!row || row.below === null) {
    tx.onCommit(() => core.bulks.delete(id))
    return core.bulks.size > 1
  }
  const filter = JSON.parse(row.filter) as JobFilter
  const searched = core.jobs.search(row.below, idsOf(core.shard, filter).from, lookedMax)
  const found = searched.filter((one) => isMeant(filter, one) && isOpenTo(row, one))
  const slice = found.slice(0, changedMax)
  let changed = 0
  for (const job of core.jobs.byIds(slice.map((one) => one.id)).map((one) => tx.latest(one)))
    if (act(core, tx, row.action as BulkAction, job)) changed++
  const isWhole = slice.length === found.length
  const last = isWhole ? searched.at(-1)?.id : slice.at(-1)?.id
  const isDone = isWhole && searched.length < lookedMax
  core.bulkRows.write({
    ...row,
    below: isDone ? null : (last ?? null),
    looked: row.looked + (isWhole ? searched.length : searched.findIndex((one) => one.id === last) + 1),
    changed: row.changed + changed,
  })
  if (isDone) tx.onCommit(() => core.bulks.delete(id))
  return !isDone || core.bulks.size > 1
}

function act(core: Context, tx: Transaction, action: BulkAction, job: Parameters<typeof cancelRow>[2]): boolean {
  const next = action === 'cancel' ? cancelRow(core, tx, job) : redriveRow(core, tx, job)
  return next !== undefined
}

/**
 * What was there when it began, whatever its id says. A redrive takes what had ended by then: what it has redriven
 * itself may end again.
 */
function isOpenTo({ action, startedAt }: BulkRow, { state, createdAt, finishedAt }: SearchRow): boolean {
  if (createdAt > startedAt) return false
  return action === 'cancel' ? !isFinal(state) : isFinal(state) && (finishedAt ?? 0) <= startedAt
}

function progressOf({ action, below, looked, changed }: BulkRow): BulkReply {
  return { action: action as BulkAction, done: below === null, looked, changed }
}
