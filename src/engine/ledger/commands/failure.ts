/**
 * Who is notified of a job that has failed for good: its task's `onFailed`, and the deployment's webhook. Both are jobs of their
 * own, recorded in the transaction that fails the other, so that neither can be lost between the two.
 */
import type { JobError } from '../../task/job.ts'
import { onFailedTask, webhookTask } from '../../task/names.ts'
import { newJobId } from '../domain/job-id.ts'
import { type JobRow, newRow } from '../domain/row.ts'
import type { NewJob } from '../protocol/enqueue.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** @param recorded the job's input, when it is not on disk yet */
export function notifyFailure(tx: Transaction, failed: JobRow, recorded?: string): void {
  const { context } = tx
  const { id, task, attempt, reason, createdAt, trace } = failed
  if (context.notifies() && task !== webhookTask) addJob(tx, failed, webhookTask, webhookMessage(failed, tx.now))
  if (!context.policy(task).onFailed) return
  const input = recorded ?? tx.jobWithInput(id)?.input
  if (input === undefined) return
  addJob(tx, failed, onFailedTask(task), {
    input: JSON.parse(input) as unknown,
    job: { id, task, attempt, reason, createdAt, ...(trace !== null && { trace }) },
    error: errorOf(failed),
  })
}

/** Records a job about one that has failed, with the priority and the trace of that one. */
function addJob(tx: Transaction, { priority, trace }: JobRow, task: string, input: object): void {
  const { context, now, stats } = tx
  const job: NewJob = {
    id: newJobId(context.shard, now, context.random),
    task,
    input: JSON.stringify(input),
    maxAttempts: context.policy(task).retry.maxAttempts,
    priority,
    ...(trace !== null && { trace }),
  }
  stats.countEnqueued(now, task)
  tx.add(newRow(job, now))
}

/** What the webhook says of the job. Neither its input nor the message of its error: these may hold anything. */
function webhookMessage(failed: JobRow, now: number): object {
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
