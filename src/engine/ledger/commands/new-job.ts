/** A new job, and the answer about one that is known. */
import { isReady, type JobRow, type JobRowWithInput, newRow } from '../domain/row.ts'
import { isDraining } from '../domain/settings.ts'
import { wakeUpTimeoutMs } from '../domain/timeouts.ts'
import { following } from '../domain/transitions.ts'
import type { Enqueued, NewJob } from '../protocol/enqueue.ts'
import type { Refusal } from '../protocol/refusal.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { claimedOf } from './claim.ts'
import { type CallerStarts, startedRow } from './start.ts'

/** What became of one job of a request. `holder` is the job that holds its key afterwards. */
export interface Recorded {
  readonly holder?: JobRowWithInput
  readonly reply: Enqueued
}

/** What the key of a new job says of it. */
export interface KeyContext {
  readonly notBefore?: number
  /** The job that must have ended before. */
  readonly before?: JobRow | undefined
  /** The job that held the key. */
  readonly holder?: JobRow
}

/** The jobs that hold keys after what this request has recorded so far. */
export type Holders = Map<string, JobRowWithInput>

export function keyName({ task, key, partition = '' }: NewJob): string {
  return `${task} ${JSON.stringify([partition, key])}`
}

/** Records a new job. */
export function addJob(tx: Transaction, job: NewJob, starts: CallerStarts, key: KeyContext = {}): Recorded {
  const refusal = drainingRefusal(tx, job)
  if (refusal) return { reply: refusal }
  const row = tx.add(startedRow(tx, starts, keyedRow(job, tx.now, key), job.start))
  tx.stats.countEnqueued(tx.now, job.task)
  const claimed = row.state === 'running' ? claimedOf(row, tx.now) : undefined
  return { holder: row, reply: { id: row.id, state: row.state, duplicate: false, ...(claimed && { claimed }) } }
}

/**
 * The refusal of a new job whose task is being drained. A job that its caller runs already, and a child that a handler makes,
 * is part of work that was accepted before, and is recorded all the same.
 */
export function drainingRefusal(
  { context }: Transaction,
  { task, start, child }: Pick<NewJob, 'task' | 'start' | 'child'>,
): Refusal | undefined {
  const isNew = !child && (start === undefined || start.kind === 'claim')
  if (!isNew || !isDraining(context.cached.settings, task)) return undefined
  return { refused: 'draining', message: `task ${task} is being drained and takes no new jobs; resume it first` }
}

function keyedRow(job: NewJob, now: number, { notBefore, before, holder }: KeyContext): JobRowWithInput {
  const timed = newRow(notBefore === undefined ? job : { ...job, at: Math.max(job.at ?? 0, notBefore) }, now)
  const row = holder ? { ...timed, calls: holder.calls, keyStartedAt: holder.startedAt ?? holder.keyStartedAt } : timed
  return before ? { ...row, ...following(row, before.id, row.dueAt ?? now, now) } : row
}

/** The answer of a job that was recorded before. Its alarm is made sure of again: the first call may have died. */
export function found(tx: Transaction, row: JobRow, duplicate: boolean): Enqueued {
  const { now } = tx
  if (isReady(row, now)) tx.armBy(now + wakeUpTimeoutMs)
  else if (row.dueAt !== null && row.dueAt > now) tx.armBy(row.dueAt)
  if (row.state === 'running') tx.armBy(row.leaseUntil ?? now)
  // A repeated startNow whose first answer was lost still holds the lease that the first call made.
  const running = row.state === 'running' && !duplicate ? tx.jobWithInput(row.id) : undefined
  return { id: row.id, state: row.state, duplicate, ...(running && { claimed: claimedOf(running, now) }) }
}
