/** The verbs of people about one job: cancel, redrive, amend. */

import { utf8Bytes } from '../../task/bounds.ts'
import type { JobRow, JobRowWithInput } from '../domain/row.ts'
import { cancelAsked, redriven, updated } from '../domain/transitions.ts'
import type { RedriveRequest, Refusal, UpdateRequest } from '../protocol/protocol.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { refusedUnknown } from './read.ts'
import { circumstances, follow } from './settle.ts'

/** Cancels a waiting job; asks a running one to stop, which its runner learns with the next beat. */
export function cancel(core: Context, tx: Transaction, id: string): JobRowWithInput | Refusal {
  const [row] = core.jobs.withInput([id])
  if (!row) return refusedUnknown(core, tx.now, id)
  const next = cancelRow(core, tx, row)
  if (!next) return { refused: 'wrong-state', message: `job ${id} is ${row.state} already` }
  return { ...row, ...next }
}

/** The row once it was asked to stop. Undefined: it has ended. */
export function cancelRow(core: Context, tx: Transaction, row: JobRow): JobRow | undefined {
  const next = cancelAsked(row, tx.now)
  if (!next) return undefined
  follow(core, tx, next)
  return tx.change(row, next)
}

/** Gives a finished job its policy's attempts anew. The one way out of a final state (I3). */
export function redrive(core: Context, tx: Transaction, { id, input }: RedriveRequest): JobRowWithInput | Refusal {
  const [row] = core.jobs.withInput([id])
  if (!row) return refusedUnknown(core, tx.now, id)
  const next = redriveRow(core, tx, row, input)
  if (!next)
    return { refused: 'wrong-state', message: `job ${id} is ${row.state}; only a job that has ended can be redriven` }
  return { ...row, ...next, input: input ?? row.input }
}

/** The row with its attempts anew. Undefined: it has not ended. */
export function redriveRow(core: Context, tx: Transaction, row: JobRow, input?: string): JobRow | undefined {
  const next = redriven(row, circumstances(core, tx, row.task))
  if (!next) return undefined
  return tx.change(row, input === undefined ? next : { ...next, bytes: utf8Bytes(input) }, input)
}

/** Changes the priority or the time of a waiting job. */
export function update(
  core: Context,
  tx: Transaction,
  { id, priority, at, delayMs }: UpdateRequest,
): JobRowWithInput | Refusal {
  const [row] = core.jobs.withInput([id])
  if (!row) return refusedUnknown(core, tx.now, id)
  const moment = delayMs === undefined ? at : tx.now + delayMs
  const next = updated(row, { priority, at: moment }, tx.now)
  if (!next) return { refused: 'wrong-state', message: `job ${id} is ${row.state}; only a waiting job can be amended` }
  if (moment !== undefined && row.startedAt === null && row.expiresAt !== null && moment >= row.expiresAt) {
    return { refused: 'invalid-option', message: `job ${id} expires before that time` }
  }
  return { ...row, ...tx.change(row, next) }
}
