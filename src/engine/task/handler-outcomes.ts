/** What a handler throws or returns to say more than "done" or "failed". */
import type { Duration } from './duration.ts'

/**
 * Thrown by a handler: this job can never succeed. It fails at once with reason `rejected`.
 *
 *     if (response.status === 404) throw new NonRetryableError('the picture does not exist')
 */
export class NonRetryableError extends Error {
  override readonly name = 'NonRetryableError'
}

/**
 * Thrown by a handler: this attempt failed, and the next one starts at a stated time in place of the task's backoff.
 *
 *     throw new RetryAfterError('90s', 'the partner asks for a pause')
 */
export class RetryAfterError extends Error {
  override readonly name = 'RetryAfterError'

  /** @param when the wait in milliseconds or as a duration such as `'90s'`, or the time itself */
  constructor(
    readonly when: Duration | Date,
    message = 'asked to be retried later',
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

const snoozeKey = Symbol.for('chard.snooze')

/** What `snooze` returns. A handler returns it as its own result. */
export interface Snooze {
  readonly [snoozeKey]: true
  readonly duration: Duration
}

/**
 * Returned by a handler: there is nothing to do yet; run the job again after `duration`. Uses no attempt.
 *
 *     if (!(await isUploaded(key))) return snooze('30s')
 */
export function snooze(duration: Duration): Snooze {
  return { [snoozeKey]: true, duration }
}

/** True for what `snooze` made. */
export function isSnooze(value: unknown): value is Snooze {
  return typeof value === 'object' && value !== null && snoozeKey in value
}
