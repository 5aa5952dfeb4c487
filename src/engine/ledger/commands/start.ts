/** A first attempt that the caller of an enqueue runs, or ran, in its own isolate. */
import { leaseToken } from '../domain/lease.ts'
import { isReady, type JobRow, type JobRowWithInput } from '../domain/row.ts'
import { isPaused } from '../domain/settings.ts'
import { begun } from '../domain/transitions.ts'
import { type Admission, hasRoom } from '../memory/admission.ts'
import type { Group } from '../memory/limits.ts'
import type { Start } from '../protocol/enqueue.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { settledRow } from './settle.ts'

/** What the caller of one request starts: admitted together, as the jobs of one claim are. */
export interface CallerStarts {
  readonly admission: Admission
  readonly claimed: Group[]
}

export function callerStarts({ context, now }: Transaction): CallerStarts {
  return { admission: context.limits.admission(now), claimed: [] }
}

/** The new row, moved on by what its caller did or does with it. */
export function startedRow(
  tx: Transaction,
  starts: CallerStarts,
  fresh: JobRowWithInput,
  start: Start | undefined,
): JobRowWithInput {
  if (!start) return fresh
  // What ran before it was recorded began before it was recorded, and so did its job.
  const startedAt = tx.now - (start.kind === 'claim' ? 0 : Math.max(0, start.ranMs))
  const job = { ...fresh, createdAt: startedAt }
  if (start.kind === 'ended') {
    const running = begun(job, 'ended', tx.now, startedAt)
    return { ...job, ...settledRow(tx, running, start, job.input) }
  }
  if (start.kind === 'claim') {
    if (!isReady(job, tx.now) || !mayStart(tx, starts, job)) return job
    starts.admission.take(job.task, job.partition)
    starts.claimed.push(job)
  }
  const lease = leaseToken(start.runner, 1, tx.context.random)
  return { ...job, ...begun(job, lease, tx.now + start.leaseMs, startedAt) }
}

/** True for a job that any claim could take: limits, pause and the kill switch hold. */
function mayStart({ context }: Transaction, { admission }: CallerStarts, { task, partition }: JobRow): boolean {
  const { isHalted, settings } = context.cached
  return !isHalted && !isPaused(settings, task) && hasRoom(admission, task, partition)
}
