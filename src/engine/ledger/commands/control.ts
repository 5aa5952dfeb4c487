/** What people do to one job: cancel, redrive, update. */

import { utf8Bytes } from '../../task/bounds.ts'
import type { JobRecord } from '../../task/job.ts'
import { type JobRow, recordOf } from '../domain/row.ts'
import { cancelAsked, redriven, updated } from '../domain/transitions.ts'
import type { RedriveRequest, UpdateRequest } from '../protocol/jobs.ts'
import type { Refusal } from '../protocol/refusal.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { unknownJob } from './read.ts'
import { circumstances, follow } from './settle.ts'

/** Cancels a waiting job, and asks a running one to stop: its runner learns that with the next heartbeat. */
export function cancel(tx: Transaction, id: string): JobRecord | Refusal {
  const row = tx.jobWithInput(id)
  if (!row) return unknownJob(tx.context, tx.now, id)
  const next = cancelRow(tx, row)
  if (!next) return { refused: 'wrong-state', message: `job ${id} is ${row.state} already` }
  return recordOf({ ...row, ...next })
}

/** The row once it was asked to stop. Undefined: it has ended. */
export function cancelRow(tx: Transaction, row: JobRow): JobRow | undefined {
  const next = cancelAsked(row, tx.now)
  if (!next) return undefined
  follow(tx, next)
  return tx.change(row, next)
}

/** Gives a finished job the attempts of its policy again. The one way out of a final state (I3). */
export function redrive(tx: Transaction, { id, input }: RedriveRequest): JobRecord | Refusal {
  const row = tx.jobWithInput(id)
  if (!row) return unknownJob(tx.context, tx.now, id)
  const next = redriveRow(tx, row, input)
  if (!next)
    return { refused: 'wrong-state', message: `job ${id} is ${row.state}; only a job that has ended can be redriven` }
  return recordOf({ ...row, ...next, input: input ?? row.input })
}

/** The row with its attempts again. Undefined: it has not ended. */
export function redriveRow(tx: Transaction, row: JobRow, input?: string): JobRow | undefined {
  const next = redriven(row, circumstances(tx, row.task))
  if (!next) return undefined
  return tx.change(row, input === undefined ? next : { ...next, bytes: utf8Bytes(input) }, input)
}

/** Changes the priority or the time of a waiting job. */
export function update(tx: Transaction, { id, priority, at, delayMs }: UpdateRequest): JobRecord | Refusal {
  const row = tx.jobWithInput(id)
  if (!row) return unknownJob(tx.context, tx.now, id)
  const time = delayMs === undefined ? at : tx.now + delayMs
  const next = updated(row, { priority, at: time }, tx.now)
  if (!next) return { refused: 'wrong-state', message: `job ${id} is ${row.state}; only a waiting job can be updated` }
  if (time !== undefined && row.startedAt === null && row.expiresAt !== null && time >= row.expiresAt) {
    return { refused: 'invalid-option', message: `job ${id} expires before that time` }
  }
  return recordOf({ ...row, ...tx.change(row, next) })
}
