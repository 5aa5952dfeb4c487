/** The error of a wait for a job that failed or was cancelled. */
import { ChardError } from './errors.ts'
import type { JobRecord } from './job.ts'

/** Thrown by `job.wait()` when the job ended without an output. `record` is the job as it ended. */
export class JobFailedError extends ChardError {
  override readonly name = 'JobFailedError'

  constructor(readonly record: JobRecord) {
    super('job-failed', `job ${record.id} (${record.task}) is ${record.state}${described(record)}`)
  }
}

function described(record: JobRecord): string {
  const reason = record.reason ? `, ${record.reason}` : ''
  return record.error ? `${reason}: ${record.error.message}` : reason
}
