/** What a handler returned or threw, as the outcome that is settled. Nothing here throws, whatever the handler did. */
import type { Outcome } from '../ledger/protocol/sync.ts'
import { fitsBytes, outputBytesMax } from '../task/bounds.ts'
import { durationMs } from '../task/duration.ts'
import { ChardError } from '../task/errors.ts'
import { isSnooze, NonRetryableError, RetryAfterError } from '../task/handler-outcomes.ts'
import { jobErrorOf } from './job-error.ts'

/** The outcome of an attempt whose handler returned. */
export function returned(result: unknown): Outcome {
  if (isSnooze(result)) {
    try {
      return { kind: 'snoozed', forMs: durationMs(result.duration, 'snooze') }
    } catch (error) {
      return { kind: 'rejected', error: jobErrorOf(error) }
    }
  }
  try {
    const output: string | undefined = JSON.stringify(result)
    if (output === undefined) return { kind: 'completed' }
    if (fitsBytes(output, outputBytesMax)) return { kind: 'completed', output }
    return unstorable(
      `the handler returned over ${outputBytesMax / 1024} KiB of JSON; store it in R2 and return its key`,
    )
  } catch (error) {
    // Another attempt would do the work again and fail the same way.
    return unstorable(`the handler returned what is not JSON: ${jobErrorOf(error).message}`)
  }
}

/** The outcome of an attempt whose handler threw. */
export function thrown(error: unknown, now: number): Outcome {
  const jobError = jobErrorOf(error)
  try {
    if (error instanceof NonRetryableError || (error instanceof ChardError && error.code === 'invalid-input')) {
      return { kind: 'rejected', error: jobError }
    }
    if (error instanceof RetryAfterError) {
      const { when } = error
      const retryAfterMs =
        when instanceof Date ? Math.max(0, when.getTime() - now) : durationMs(when, 'RetryAfterError')
      if (Number.isFinite(retryAfterMs)) return { kind: 'failed', error: jobError, retryAfterMs }
    }
  } catch {
    // The wait is no duration, or what was thrown throws when it is looked at. The task's own backoff is the next best.
  }
  return { kind: 'failed', error: jobError }
}

/** The outcome of an attempt that failed by itself, without its handler. */
export function failure(name: string, message: string): Outcome {
  return { kind: 'failed', error: { name, message } }
}

function unstorable(message: string): Outcome {
  return { kind: 'rejected', error: { name: 'UnstorableOutput', message } }
}
