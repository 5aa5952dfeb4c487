/** The verb that records how attempts ended, and what follows from a job that failed for good. */
import { isFinal, type JobError } from '../../task/job.ts'
import { onFailedTask, webhookTask } from '../../task/names.ts'
import { newJobId } from '../domain/job-id.ts'
import { type JobRow, leaseIsLive, newRow } from '../domain/row.ts'
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
import type { NewJob, Settlement } from '../protocol/protocol.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'

/**
 * Settles attempts. Checks the token, not the clock (I2). Answers the ids whose lease is no longer live; one that this
 * very lease has settled already is neither lost nor settled again.
 */
export function settle(core: Context, tx: Transaction, settlements: readonly Settlement[]): string[] {
  const byId = new Map(settlements.map((settlement) => [settlement.id, settlement]))
  if (byId.size === 0) return []
  const rows = new Map(core.jobs.byIds([...byId.keys()]).map((row) => [row.id, row]))
  const lost: string[] = []
  for (const [id, settlement] of byId) {
    const row = rows.get(id)
    if (!row || row.lease !== settlement.lease) lost.push(id)
    else if (leaseIsLive(row, settlement.lease)) {
      const next = settleRow(core, tx, row, settlement)
      if (next !== row) tx.change(row, next)
    }
  }
  return lost
}

/**
 * The row after its attempt ended, with what follows from that. The same row when nothing does.
 * @param input the job's input, when it is not recorded yet
 */
export function settleRow(core: Context, tx: Transaction, row: JobRow, ended: Settled, input?: string): JobRow {
  const next = settled(row, ended, circumstances(core, tx, row.task))
  if (!next) return row
  const outcome = storable(ended.outcome)
  tx.minuteStats.ended(tx.now, row.task, outcome.kind, ended.ranMs, 'error' in outcome ? outcome.error.name : undefined)
  follow(core, tx, next, input)
  return next
}

/** Settles an attempt whose lease ended with nobody to settle it. */
export function lapseRow(core: Context, tx: Transaction, row: JobRow, neverStarted: boolean): void {
  const next = lapsed(row, neverStarted, circumstances(core, tx, row.task))
  tx.minuteStats.ended(tx.now, row.task, 'lapsed', tx.now - (row.startedAt ?? tx.now), lapseError.name)
  follow(core, tx, next)
  tx.change(row, next)
}

export function circumstances(core: Context, tx: Transaction, task: string): Circumstances {
  return { now: tx.now, random: core.random(), retry: core.policy(task).retry }
}

/** Fails a job that nobody has started by its deadline. True when it did. */
export function expire(core: Context, tx: Transaction, row: JobRow): boolean {
  const next = expired(row, tx.now)
  if (!next) return false
  tx.minuteStats.expired(tx.now, row.task)
  follow(core, tx, next)
  tx.change(row, next)
  return true
}

/**
 * What comes of a job's next state, in the same transaction. Every verb that may end a job passes here.
 * @param recorded the job's input, when it is not on disk yet
 */
export function follow(core: Context, tx: Transaction, next: JobRow, recorded?: string): void {
  if (next.state === 'failed') {
    if (next.reason) tx.minuteStats.failed(tx.now, next.task, next.reason)
    handOver(core, tx, next, recorded)
  }
  if (next.successor !== null && isFinal(next.state)) release(core, tx, next)
}

/** The job that waits for this one's end may start. */
function release(core: Context, tx: Transaction, { id, successor }: JobRow): void {
  const [stored] = core.jobs.byIds([successor ?? ''])
  const row = stored && tx.latest(stored)
  if (row?.after === id && !isFinal(row.state) && row.state !== 'running') tx.change(row, released(row, tx.now))
}

/** The job that one which has ended without having run was waiting for, if that has not ended. */
export function predecessor(core: Context, tx: Transaction, { after }: JobRow): JobRow | undefined {
  const [stored] = after === null ? [] : core.jobs.byIds([after])
  const row = stored && tx.latest(stored)
  return row && !isFinal(row.state) ? row : undefined
}

/** A job that has failed for good hands its task's `onFailed` over as a job of its own, and a message to who wants to know. */
function handOver(core: Context, tx: Transaction, failed: JobRow, recorded?: string): void {
  const { id, task, attempt, reason, createdAt, trace } = failed
  if (core.notifies() && task !== webhookTask) addFor(core, tx, failed, webhookTask, failureMessage(failed, tx.now))
  if (!core.policy(task).onFailed) return
  const input = recorded ?? core.jobs.withInput([id])[0]?.input
  if (input === undefined) return
  addFor(core, tx, failed, onFailedTask(task), {
    input: JSON.parse(input) as unknown,
    job: { id, task, attempt, reason, createdAt, ...(trace !== null && { trace }) },
    error: errorOf(failed),
  })
}

/** Records a job about one that has failed, of its priority and trace. */
function addFor(core: Context, tx: Transaction, { priority, trace }: JobRow, task: string, input: object): void {
  const job: NewJob = {
    id: newJobId(core.shard, tx.now, core.random),
    task,
    input: JSON.stringify(input),
    maxAttempts: core.policy(task).retry.maxAttempts,
    priority,
    ...(trace !== null && { trace }),
  }
  tx.minuteStats.enqueued(tx.now, task)
  tx.add(newRow(job, tx.now))
}

/** What a webhook says of it: neither its input nor the message of its error, which may hold anything. */
function failureMessage(failed: JobRow, now: number): object {
  const { id, task, state, reason, attempt, maxAttempts, createdAt, trace } = failed
  const { name, code } = errorOf(failed)
  return {
    type: 'job.failed',
    timestamp: new Date(now).toISOString(),
    data: {
      id,
      task,
      state,
      reason,
      attempt,
      maxAttempts,
      createdAt: new Date(createdAt).toISOString(),
      error: { name, ...(code !== undefined && { code }) },
      ...(trace !== null && { trace }),
    },
  }
}

function errorOf({ error }: JobRow): JobError {
  return JSON.parse(error ?? '{"name":"Error","message":"unknown"}') as JobError
}
