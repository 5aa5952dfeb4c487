/** What `enqueue` returns: a recorded job, and what one can do with it. */
import type { Enqueued } from '../ledger/protocol/enqueue.ts'
import type { Refusal } from '../ledger/protocol/refusal.ts'
import { type Duration, durationMs } from '../task/duration.ts'
import { ChardError } from '../task/errors.ts'
import { type CompletedJob, isFinal, type Job, type JobRecord } from '../task/job.ts'
import { JobFailedError } from '../task/job-failed-error.ts'

const waitMsDefault = 30_000

/** What a handle calls. */
export interface JobHandlePorts {
  get(id: string): Promise<JobRecord>
  wait(id: string, timeout: Duration): Promise<JobRecord>
  cancel(id: string): Promise<JobRecord>
}

export function jobHandle(
  task: string,
  { id, state, duplicate }: Exclude<Enqueued, Refusal>,
  ports: JobHandlePorts,
): Job<never> {
  const wait = async (timeout: Duration = waitMsDefault): Promise<CompletedJob<never>> => {
    const record = await ports.wait(id, timeout)
    if (record.state === 'completed') return record as CompletedJob<never>
    if (isFinal(record.state)) throw new JobFailedError(record)
    const waitedMs = durationMs(timeout, 'timeout')
    throw new ChardError('wait-timeout', `job ${id} is ${record.state} after ${waitedMs} ms; it goes on`)
  }
  return {
    id,
    task,
    state,
    duplicate,
    wait,
    get: () => ports.get(id) as Promise<JobRecord<never>>,
    cancel: () => ports.cancel(id) as Promise<JobRecord<never>>,
  }
}
