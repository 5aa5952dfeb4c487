/** The verbs of people about one job: cancel, redrive, amend. */

import { utf8Bytes } from '../../task/bounds.ts'
import type { JobRow, JobRowWithInput } from '../domain/row.ts'
import { amended, cancelAsked, redriven } from '../domain/transitions.ts'
import type { AmendRequest, RedriveRequest, Refusal } from '../protocol/protocol.ts'
import type { CoreParts } from '../transaction/context.ts'
import type { Turn } from '../transaction/transaction.ts'
import { refusedUnknown } from './read.ts'
import { circumstances, follow } from './settle.ts'

/** Cancels a waiting job; asks a running one to stop, which its runner learns with the next beat. */
export function cancel(core: CoreParts, turn: Turn, id: string): JobRowWithInput | Refusal {
  const [row] = core.jobs.withInput([id])
  if (!row) return refusedUnknown(core, turn.now, id)
  const next = cancelRow(core, turn, row)
  if (!next) return { refused: 'wrong-state', message: `job ${id} is ${row.state} already` }
  return { ...row, ...next }
}

/** The row once it was asked to stop. Undefined: it has ended. */
export function cancelRow(core: CoreParts, turn: Turn, row: JobRow): JobRow | undefined {
  const next = cancelAsked(row, turn.now)
  if (!next) return undefined
  follow(core, turn, next)
  return turn.change(row, next)
}

/** Gives a finished job its policy's attempts anew. The one way out of a final state (I3). */
export function redrive(core: CoreParts, turn: Turn, { id, input }: RedriveRequest): JobRowWithInput | Refusal {
  const [row] = core.jobs.withInput([id])
  if (!row) return refusedUnknown(core, turn.now, id)
  const next = redriveRow(core, turn, row, input)
  if (!next)
    return { refused: 'wrong-state', message: `job ${id} is ${row.state}; only a job that has ended can be redriven` }
  return { ...row, ...next, input: input ?? row.input }
}

/** The row with its attempts anew. Undefined: it has not ended. */
export function redriveRow(core: CoreParts, turn: Turn, row: JobRow, input?: string): JobRow | undefined {
  const next = redriven(row, circumstances(core, turn, row.task))
  if (!next) return undefined
  return turn.change(row, input === undefined ? next : { ...next, bytes: utf8Bytes(input) }, input)
}

/** Changes the priority or the time of a waiting job. */
export function amend(
  core: CoreParts,
  turn: Turn,
  { id, priority, at, delayMs }: AmendRequest,
): JobRowWithInput | Refusal {
  const [row] = core.jobs.withInput([id])
  if (!row) return refusedUnknown(core, turn.now, id)
  const moment = delayMs === undefined ? at : turn.now + delayMs
  const next = amended(row, { priority, at: moment }, turn.now)
  if (!next) return { refused: 'wrong-state', message: `job ${id} is ${row.state}; only a waiting job can be amended` }
  if (moment !== undefined && row.startedAt === null && row.expiresAt !== null && moment >= row.expiresAt) {
    return { refused: 'invalid-option', message: `job ${id} expires before that time` }
  }
  return { ...row, ...turn.change(row, next) }
}
