/**
 * The audit trail: one line of JSON in the Worker's log for every admin action that changes something, also for one that was
 * refused. It names the action, its subject and its outcome, and never a credential, an address or a job's input.
 */
import { ChardError, type ChardErrorCode } from '../engine/index.ts'

export type AdminAction =
  | 'login'
  | 'logout'
  | 'create'
  | 'cancel'
  | 'redrive'
  | 'update'
  | 'cancel-many'
  | 'redrive-many'
  | 'pause'
  | 'unpause'
  | 'drain'
  | 'set-limits'
  | 'pause-schedule'
  | 'resume-schedule'
  | 'trigger-schedule'
  | 'halt'
  | 'resume'

/** The subject of an action. Empty for the whole deployment. */
export interface AuditSubject {
  readonly job?: string
  readonly task?: string
  readonly schedule?: string
  readonly bulk?: string
}

/** One line. `outcome` is `done`, the engine's code for why not, or `error`. After `unavailable` it may have been done. */
export interface AuditLine extends AuditSubject {
  readonly event: 'admin'
  readonly action: AdminAction
  readonly outcome: 'done' | 'refused' | ChardErrorCode | 'error'
}

/** Names and ids come from a URL and may be of any length. */
const charsMax = 64

export function audit(action: AdminAction, subject: AuditSubject, outcome: AuditLine['outcome']): void {
  const bounded = Object.fromEntries(Object.entries(subject).map(([name, text]) => [name, text.slice(0, charsMax)]))
  const line: AuditLine = { event: 'admin', action, ...bounded, outcome }
  console.log(JSON.stringify(line))
}

/**
 * Calls `act`, and logs how it ended.
 *
 * @param made the part of the subject that is known only afterwards, such as the id of a new job
 */
export async function audited<T>(
  action: AdminAction,
  subject: AuditSubject,
  act: () => Promise<T>,
  made: (result: T) => AuditSubject = () => ({}),
): Promise<T> {
  try {
    const result = await act()
    audit(action, { ...subject, ...made(result) }, 'done')
    return result
  } catch (error) {
    audit(action, subject, error instanceof ChardError ? error.code : 'error')
    throw error
  }
}
