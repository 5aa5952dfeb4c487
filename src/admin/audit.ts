/**
 * The audit trail: one line of JSON in the Worker's log for every admin action that changes something, also when it was
 * refused. It names the action, the job and the outcome; never a credential, an address or a job's input.
 */
import { ChardError, type ChardErrorCode } from '../engine/index.ts'

export type AdminAction = 'cancel' | 'redrive' | 'halt' | 'resume'

/** One line. `outcome` is `done`, the engine's reason why not, or `error`. `unavailable` may have happened. */
export interface AuditLine {
  readonly event: 'admin'
  readonly action: AdminAction
  /** Absent when the action is about every job. */
  readonly job?: string
  readonly outcome: 'done' | ChardErrorCode | 'error'
}

/** The id comes from a URL and may be anything; a real one is shorter. */
const jobCharsMax = 64

/** Does what `act` does, and logs how it ended. */
export async function audited<T>(action: AdminAction, jobId: string | undefined, act: () => Promise<T>): Promise<T> {
  const log = (outcome: AuditLine['outcome']) => {
    const job = jobId?.slice(0, jobCharsMax)
    const line: AuditLine = { event: 'admin', action, ...(job !== undefined && { job }), outcome }
    console.log(JSON.stringify(line))
  }
  try {
    const result = await act()
    log('done')
    return result
  } catch (error) {
    log(error instanceof ChardError ? error.code : 'error')
    throw error
  }
}
