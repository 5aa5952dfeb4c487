/** What a caller sends to have jobs recorded, and what it is answered. */
import type { LogLine, ScheduledBy } from '../../task/job.ts'
import type { JobState } from '../../task/states.ts'
import type { UniqueRule } from '../../task/unique.ts'
import type { Refusal } from './refusal.ts'
import type { Claimed, Outcome } from './sync.ts'

/** One job to record. The caller makes the id, so that a repeated call records nothing twice. */
export interface NewJob {
  readonly id: string
  readonly task: string
  /** JSON text. */
  readonly input: string
  readonly maxAttempts: number
  readonly priority?: number
  /** The job does not start before this many milliseconds from the ledger's now. */
  readonly delayMs?: number
  /** The job does not start before this time, in epoch milliseconds. */
  readonly at?: number
  /** If the job has not started after this many milliseconds from the ledger's now, it fails. */
  readonly expiresInMs?: number
  readonly partition?: string
  readonly key?: string
  /** What the call does when the key is held. Default: the rule of an idempotency key. */
  readonly unique?: UniqueRule
  /** A handler makes the job. It is part of work that was accepted already, so draining does not refuse it. */
  readonly child?: true
  /** True when a known key answers with its job whatever the input is: the children of a handler. */
  readonly keyWins?: boolean
  readonly tags?: readonly string[]
  readonly schedule?: ScheduledBy
  readonly trace?: string
  /** The caller runs the first attempt itself. */
  readonly start?: Start
}

/**
 * A first attempt that runs, or ran, in the caller's isolate and not in a consumer.
 *
 * - `claim`: startNow. Admitted as any claim. If it is not admitted, the job waits as `queued`.
 * - `running`: a background task shortly before the platform cuts it, under a lease of this isolate.
 * - `ended`: a background task that threw. Recorded with that attempt counted.
 */
export type Start =
  | { readonly kind: 'claim'; readonly runner: string; readonly leaseMs: number }
  | { readonly kind: 'running'; readonly runner: string; readonly leaseMs: number; readonly ranMs: number }
  | { readonly kind: 'ended'; readonly outcome: Outcome; readonly ranMs: number; readonly log?: readonly LogLine[] }

export interface EnqueueRequest {
  /** The deployment's number of home shards. It must be the one that this ledger has recorded. */
  readonly homeShards: number
  readonly jobs: readonly NewJob[]
}

/** The answer about one job. */
export type Enqueued =
  | { readonly id: string; readonly state: JobState; readonly duplicate: boolean; readonly claimed?: Claimed }
  | Refusal

/** The answers are in the order of the request. */
export type EnqueueReply = { readonly jobs: readonly Enqueued[] } | Refusal
