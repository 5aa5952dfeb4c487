/** The verb that records how attempts ended, and what follows from a job that failed for good. */
import { onFailedTask } from '../task/task.ts'
import type { CoreParts } from './core.ts'
import { newJobId } from './job-id.ts'
import type { NewJob, Settlement } from './protocol.ts'
import { type JobRow, leaseIsLive, newRow } from './row.ts'
import { type Circumstances, lapsed, type Settled, settled } from './transitions.ts'
import type { Turn } from './turn.ts'

/**
 * Settles attempts. Checks the token, not the clock (I2). Answers the ids whose lease is no longer live; one that this
 * very lease has settled already is neither lost nor settled again.
 */
export function settle(core: CoreParts, turn: Turn, settlements: readonly Settlement[]): string[] {
  const byId = new Map(settlements.map((settlement) => [settlement.id, settlement]))
  if (byId.size === 0) return []
  const rows = new Map(core.jobs.byIds([...byId.keys()]).map((row) => [row.id, row]))
  const lost: string[] = []
  for (const [id, settlement] of byId) {
    const row = rows.get(id)
    if (!row || row.lease !== settlement.lease) lost.push(id)
    else if (leaseIsLive(row, settlement.lease)) {
      const next = settleRow(core, turn, row, settlement)
      if (next !== row) turn.change(row, next)
    }
  }
  return lost
}

/**
 * The row after its attempt ended, with what follows from that. The same row when nothing does.
 * @param input the job's input, when it is not recorded yet
 */
export function settleRow(core: CoreParts, turn: Turn, row: JobRow, ended: Settled, input?: string): JobRow {
  const next = settled(row, ended, circumstances(core, turn, row.task))
  if (!next) return row
  core.tallies.ended(turn.now, row.task, ended.outcome.kind, ended.ranMs)
  follow(core, turn, next, input)
  return next
}

/** Settles an attempt whose lease ended with nobody to settle it. */
export function lapseRow(core: CoreParts, turn: Turn, row: JobRow, neverStarted: boolean): void {
  const next = lapsed(row, neverStarted, circumstances(core, turn, row.task))
  core.tallies.ended(turn.now, row.task, 'lapsed', turn.now - (row.startedAt ?? turn.now))
  follow(core, turn, next)
  turn.change(row, next)
}

export function circumstances(core: CoreParts, turn: Turn, task: string): Circumstances {
  return { now: turn.now, random: core.random(), retry: core.policy(task).retry }
}

/** A job that has failed for good hands its task's `onFailed` over as a job of its own, in the same transaction. */
function follow(core: CoreParts, turn: Turn, failed: JobRow, recorded?: string): void {
  const { id, task, state, attempt, reason, createdAt, priority } = failed
  if (state !== 'failed' || !core.policy(task).onFailed) return
  const input = recorded ?? core.jobs.withInput([id])[0]?.input
  if (input === undefined) return
  const told = {
    input: JSON.parse(input) as unknown,
    job: { id, task, attempt, reason, createdAt },
    error: JSON.parse(failed.error ?? '{"name":"Error","message":"unknown"}') as unknown,
  }
  const hook: NewJob = {
    id: newJobId(core.shard, turn.now, core.random),
    task: onFailedTask(task),
    input: JSON.stringify(told),
    maxAttempts: core.policy(task).retry.maxAttempts,
    priority,
  }
  turn.add(newRow(hook, turn.now))
}
