/** Records how attempts ended, and what follows from the end of a job. */
import { isFinal } from '../../task/states.ts'
import { type JobRow, leaseIsLive } from '../domain/row.ts'
import {
  type Circumstances,
  expired,
  lapsed,
  lapseError,
  released,
  type Settled,
  settled,
  storable,
} from '../domain/transitions.ts'
import type { Settlement } from '../protocol/sync.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { notifyFailure } from './failure.ts'

/**
 * Settles attempts. Checks the token and not the clock (I2). Answers the ids whose lease is no longer live; an attempt that
 * this very lease has settled already is neither lost nor settled again.
 */
export function settle(tx: Transaction, settlements: readonly Settlement[]): string[] {
  const byId = new Map(settlements.map((settlement) => [settlement.id, settlement]))
  // Read together. Each is looked at again in its turn, for settling one job may have released another.
  tx.jobs([...byId.keys()])
  const lost: string[] = []
  for (const [id, settlement] of byId) {
    const row = tx.job(id)
    if (!row || row.lease !== settlement.lease) lost.push(id)
    else if (leaseIsLive(row, settlement.lease)) {
      const next = settledRow(tx, row, settlement)
      if (next !== row) tx.change(row, next)
    }
  }
  return lost
}

/**
 * The row after its attempt has ended. What follows from that is written; the row itself is for the caller to write. The same
 * row when nothing comes of the end.
 * @param input the job's input, when it is not recorded yet
 */
export function settledRow(tx: Transaction, row: JobRow, ended: Settled, input?: string): JobRow {
  const next = settled(row, ended, circumstances(tx, row.task))
  if (!next) return row
  const outcome = storable(ended.outcome)
  const error = 'error' in outcome ? outcome.error.name : undefined
  tx.stats.countEnded(tx.now, row.task, outcome.kind, ended.ranMs, error)
  follow(tx, next, input)
  return next
}

/** Ends an attempt whose lease has ended with nobody to settle it. */
export function lapse(tx: Transaction, row: JobRow, neverStarted: boolean): void {
  const next = lapsed(row, neverStarted, circumstances(tx, row.task))
  tx.stats.countEnded(tx.now, row.task, 'lapsed', tx.now - (row.startedAt ?? tx.now), lapseError.name)
  follow(tx, next)
  tx.change(row, next)
}

/** Fails a job that nobody has started by its deadline. Answers whether it did. */
export function failExpired(tx: Transaction, row: JobRow): boolean {
  const next = expired(row, tx.now)
  if (!next) return false
  tx.stats.countExpired(tx.now, row.task)
  follow(tx, next)
  tx.change(row, next)
  return true
}

/** What a transition needs besides the row. */
export function circumstances({ context, now }: Transaction, task: string): Circumstances {
  return { now, random: context.random(), retry: context.policy(task).retry }
}

/**
 * Writes what follows from a job's next state. Every verb that may end a job calls it.
 * @param input the job's input, when it is not recorded yet
 */
export function follow(tx: Transaction, next: JobRow, input?: string): void {
  if (next.state === 'failed') {
    if (next.reason) tx.stats.countFailed(tx.now, next.task, next.reason)
    notifyFailure(tx, next, input)
  }
  if (next.successor !== null && isFinal(next.state)) release(tx, next)
}

/** Lets the job start that waits for the end of this one. */
function release(tx: Transaction, { id, successor }: JobRow): void {
  const row = tx.job(successor ?? '')
  if (row?.after === id && !isFinal(row.state) && row.state !== 'running') tx.change(row, released(row, tx.now))
}

/** The job that this one waits for, if it has not ended. */
export function predecessor(tx: Transaction, { after }: JobRow): JobRow | undefined {
  const row = after === null ? undefined : tx.job(after)
  return row && !isFinal(row.state) ? row : undefined
}
