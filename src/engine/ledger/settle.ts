/** The verb that records how attempts ended, and what follows from a job that failed for good. */
import { isFinal } from '../task/job.ts'
import { onFailedTask } from '../task/task.ts'
import { newJobId } from './job-id.ts'
import type { CoreParts } from './parts.ts'
import type { NewJob, Settlement } from './protocol.ts'
import { type JobRow, leaseIsLive, newRow } from './row.ts'
import { type Circumstances, expired, lapsed, released, type Settled, settled } from './transitions.ts'
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

/** Fails a job that nobody has started by its deadline. True when it did. */
export function expire(core: CoreParts, turn: Turn, row: JobRow): boolean {
  const next = expired(row, turn.now)
  if (!next) return false
  core.tallies.expired(turn.now, row.task)
  follow(core, turn, next)
  turn.change(row, next)
  return true
}

/**
 * What comes of a job's next state, in the same transaction. Every verb that may end a job passes here.
 * @param recorded the job's input, when it is not on disk yet
 */
export function follow(core: CoreParts, turn: Turn, next: JobRow, recorded?: string): void {
  if (next.state === 'failed') handOver(core, turn, next, recorded)
  if (next.successor !== null && isFinal(next.state)) release(core, turn, next)
}

/** The job that waits for this one's end may start. */
function release(core: CoreParts, turn: Turn, { id, successor }: JobRow): void {
  const [stored] = core.jobs.byIds([successor ?? ''])
  const row = stored && turn.latest(stored)
  if (row?.after === id && !isFinal(row.state) && row.state !== 'running') turn.change(row, released(row, turn.now))
}

/** A job that has failed for good hands its task's `onFailed` over as a job of its own. */
function handOver(core: CoreParts, turn: Turn, failed: JobRow, recorded?: string): void {
  const { id, task, attempt, reason, createdAt, priority } = failed
  if (!core.policy(task).onFailed) return
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
