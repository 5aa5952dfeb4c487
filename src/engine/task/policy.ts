/**
 * The policy of a task: how often it is tried, for how long, and how long its jobs are kept. Each of its options is declared,
 * checked and given its default here.
 */
import { inlineTimeoutMsMax, timeoutMsMax } from './bounds.ts'
import { type Duration, durationMs } from './duration.ts'
import { refuse } from './refuse.ts'
import { type RetryOptions, type RetryPolicy, retryPolicy } from './retry.ts'

/** A policy as written. */
export interface PolicyOptions {
  /** Default: 5 attempts, exponential backoff from 1 s to 1 h, full jitter. */
  retry?: RetryOptions
  /** The time that an attempt may take: up to `'14m'`, default `'25s'`. The background and startNow tiers take up to `'25s'`. */
  timeout?: Duration
  /** How long a finished job is kept: `'1m'` or longer. Default: the deployment's `retention`. */
  retention?: Duration
}

/** A checked policy. */
export interface Policy {
  readonly retry: RetryPolicy
  readonly timeoutMs: number
  /** Undefined: the deployment's. */
  readonly retentionMs: number | undefined
}

/** @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes */
export function checkedPolicy({ retry, timeout, retention }: PolicyOptions, task: string): Policy {
  return {
    retry: retryPolicy(retry),
    timeoutMs: checkedTimeout(timeout, task),
    retentionMs: retention === undefined ? undefined : checkedRetention(retention, task),
  }
}

function checkedTimeout(timeout: Duration = inlineTimeoutMsMax, task: string): number {
  const ms = durationMs(timeout, 'timeout')
  if (ms >= 1 && ms <= timeoutMsMax) return ms
  return refuse(`timeout of task ${task}`, timeout, "up to '14m', the platform's 15 minutes less a margin")
}

function checkedRetention(retention: Duration, task: string): number {
  const ms = durationMs(retention, 'retention')
  return ms < 60_000 ? refuse(`retention of task ${task}`, retention, "'1m' or longer") : ms
}
