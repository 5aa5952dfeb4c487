/** The verbs of people: cancel and redrive one job. */
import type { CoreParts } from './core.ts'
import type { Refusal } from './protocol.ts'
import { refusedUnknown } from './read.ts'
import type { JobRowWithInput } from './row.ts'
import { circumstances } from './settle.ts'
import { cancelAsked, redriven } from './transitions.ts'
import type { Turn } from './turn.ts'

/** Cancels a waiting job; asks a running one to stop, which its runner learns with the next beat. */
export function cancel(core: CoreParts, turn: Turn, id: string): JobRowWithInput | Refusal {
  const [row] = core.jobs.withInput([id])
  if (!row) return refusedUnknown(core, turn.now, id)
  const next = cancelAsked(row, turn.now)
  if (!next) return { refused: 'wrong-state', message: `job ${id} is ${row.state} already` }
  return { ...row, ...turn.change(row, next) }
}

/** Gives a finished job its policy's attempts anew. The one way out of a final state (I3). */
export function redrive(core: CoreParts, turn: Turn, id: string): JobRowWithInput | Refusal {
  const [row] = core.jobs.withInput([id])
  if (!row) return refusedUnknown(core, turn.now, id)
  const next = redriven(row, circumstances(core, turn, row.task))
  if (!next)
    return { refused: 'wrong-state', message: `job ${id} is ${row.state}; only a job that has ended can be redriven` }
  return { ...row, ...turn.change(row, next) }
}
