/** What a runner and its ledger say to one another. */
import type { JobError, JobRecord, LogLine, Progress, ScheduledBy } from '../../task/job.ts'

/** How an attempt has ended, as its runner saw it. Only the ledger makes the next state of it. */
export type Outcome =
  | { readonly kind: 'completed' /** JSON text. */; readonly output?: string }
  | { readonly kind: 'failed'; readonly error: JobError; readonly retryAfterMs?: number }
  | { readonly kind: 'snoozed'; readonly forMs: number }
  | { readonly kind: 'rejected'; readonly error: JobError }
  | { readonly kind: 'cancelled' }

/** The end of one attempt, fenced by its lease. */
export interface Settlement {
  readonly id: string
  readonly lease: string
  readonly outcome: Outcome
  /** How long the attempt ran. */
  readonly ranMs: number
  readonly log?: readonly LogLine[]
  /** Progress that no heartbeat has reported yet. */
  readonly progress?: Progress
}

/** One attempt that goes on. */
export interface Heartbeat {
  readonly id: string
  readonly lease: string
  /** Present when it has changed since the last heartbeat. */
  readonly progress?: Progress
}

/** The one call of a runner: settle, extend, report and claim in one round trip and one transaction. */
export interface SyncRequest {
  readonly runner: string
  /** Grows by one with each sync. A repeated sync has the same number and gets the same answer. */
  readonly seq: number
  /**
   * The newest seq whose answer the runner has, or no longer waits for. A claim up to it that is not in `heartbeats` never
   * started.
   */
  readonly ack: number
  /** The tasks that it can run, and the milliseconds that an attempt of each may take. */
  readonly tasks: Readonly<Record<string, number>>
  readonly settle: readonly Settlement[]
  readonly heartbeats: readonly Heartbeat[]
  /** How many more jobs it would take. */
  readonly want: number
  /** The wall time that it has left for them. */
  readonly remainingMs: number
  /** This is its last sync. */
  readonly done?: boolean
  /** The jobs in `settle` whose records somebody in the runner's isolate waits for. */
  readonly awaited?: readonly string[]
}

/** A job and the lease of one attempt at it. */
export interface Claimed {
  readonly id: string
  readonly task: string
  /** JSON text. */
  readonly input: string
  readonly lease: string
  readonly leaseMs: number
  readonly attempt: number
  readonly maxAttempts: number
  readonly priority: number
  readonly tags: readonly string[]
  readonly createdAt: number
  readonly partition?: string
  readonly schedule?: ScheduledBy
  readonly trace?: string
  /** How long it had been ready when it was claimed. */
  readonly queuedMs?: number
  /** Its runner has died under it more than once: it runs alone. */
  readonly solo?: boolean
}

export interface SyncReply {
  readonly claimed: readonly Claimed[]
  /** Jobs whose lease is no longer this runner's. It stops them and reports nothing. */
  readonly lost: readonly string[]
  /** Jobs that somebody has cancelled. Their signal is aborted, and then they are settled. */
  readonly cancelled: readonly string[]
  /** For how long, counted from the request, the leases in `heartbeats` are good on disk. */
  readonly leaseMs: number
  /** A limit resets then. A runner with room for more asks again then, and does not leave before. */
  readonly againInMs?: number
  /** The jobs in `awaited` as they are now. May be missing: then the runner's isolate asks for them. */
  readonly records?: readonly JobRecord[]
}
