/** When a failed attempt is tried again. Pure: the random number is an argument. */
import { type Duration, durationMs } from './duration.ts'
import { ChardError } from './errors.ts'

/** How the wait grows from one failure to the next; or the waits themselves, of which the last is repeated. */
export type Backoff = 'exponential' | 'linear' | 'fixed' | readonly Duration[]

/** A task's retry policy as written. */
export interface RetryOptions {
  /** Attempts in all, with the first one: 1 to 100. Default 5. */
  maxAttempts?: number
  /** Default `'exponential'`: `delay`, then twice as long, then four times as long. */
  backoff?: Backoff
  /** The first wait. Default `'1s'`. Not beside a list of waits. */
  delay?: Duration
  /** The longest wait. Default `'1h'`. */
  maxDelay?: Duration
  /**
   * `'full'` (the default) waits a random time from 0 to the computed wait, so that jobs that failed together do not come
   * back together; `'none'` waits exactly the computed wait.
   * Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
   */
  jitter?: 'full' | 'none'
}

/** A checked retry policy: every value present, in milliseconds. */
export interface RetryPolicy {
  readonly maxAttempts: number
  readonly backoff: 'exponential' | 'linear' | 'fixed' | readonly number[]
  readonly delayMs: number
  readonly maxDelayMs: number
  readonly jitter: 'full' | 'none'
}

/** The policy of a task that states none, and of a task that the ledger's code does not know. */
export const defaultRetryPolicy: RetryPolicy = {
  maxAttempts: 5,
  backoff: 'exponential',
  delayMs: 1_000,
  maxDelayMs: 3_600_000,
  jitter: 'full',
}

/** More attempts than this are a schedule and not a retry. */
export const maxAttemptsMax = 100

/**
 * Checks a retry policy at definition.
 * @throws ChardError `invalid-option`, naming the option and what it takes
 */
export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  const { maxAttempts = defaultRetryPolicy.maxAttempts, backoff = 'exponential', jitter = 'full' } = options
  if (!Number.isInteger(maxAttempts) || maxAttempts < 1 || maxAttempts > maxAttemptsMax) {
    throw new ChardError(
      'invalid-option',
      `retry.maxAttempts is ${maxAttempts}; it takes a whole number from 1 to ${maxAttemptsMax}`,
    )
  }
  if (jitter !== 'full' && jitter !== 'none') {
    throw new ChardError('invalid-option', `retry.jitter is ${JSON.stringify(jitter)}; it takes 'full' or 'none'`)
  }
  if (Array.isArray(backoff) && options.delay !== undefined) {
    throw new ChardError('invalid-option', 'retry.delay has no meaning beside a list of waits; leave one of them out')
  }
  return {
    maxAttempts,
    backoff: checkedBackoff(backoff),
    delayMs: durationMs(options.delay ?? defaultRetryPolicy.delayMs, 'retry.delay'),
    maxDelayMs: durationMs(options.maxDelay ?? defaultRetryPolicy.maxDelayMs, 'retry.maxDelay'),
    jitter,
  }
}

function checkedBackoff(backoff: Backoff): RetryPolicy['backoff'] {
  if (backoff === 'exponential' || backoff === 'linear' || backoff === 'fixed') return backoff
  if (!Array.isArray(backoff) || backoff.length === 0 || backoff.length > maxAttemptsMax) {
    throw new ChardError(
      'invalid-option',
      `retry.backoff is ${JSON.stringify(backoff)}; it takes 'exponential', 'linear', 'fixed' or a list of 1 to ${maxAttemptsMax} durations`,
    )
  }
  return backoff.map((wait, index) => durationMs(wait, `retry.backoff[${index}]`))
}

/**
 * The wait in milliseconds before the attempt after `attempt`: at least 0, at most `maxDelayMs`.
 *
 * @param attempt the number of the attempt that failed, from 1
 * @param random a number from 0 up to 1, for the jitter
 */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: number): number {
  const wait = Math.min(plainDelayMs(policy, Math.max(1, attempt)), policy.maxDelayMs)
  return policy.jitter === 'full' ? Math.floor(wait * random) : wait
}

function plainDelayMs({ backoff, delayMs }: RetryPolicy, attempt: number): number {
  if (backoff === 'fixed') return delayMs
  if (backoff === 'linear') return delayMs * attempt
  if (backoff === 'exponential') return delayMs * 2 ** Math.min(attempt - 1, 64)
  return backoff[Math.min(attempt, backoff.length) - 1] ?? 0
}
