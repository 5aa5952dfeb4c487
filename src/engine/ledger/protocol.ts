/**
 * What crosses the RPC boundary of a ledger. A deploy runs old and new code side by side, so every reader takes a
 * missing field for its default and ignores what it does not know; fields are added, never changed.
 * Answers are data, not exceptions: a thrown error loses its class on the way.
 */
import type { ChardErrorCode } from '../task/errors.ts'
import type { JobError, JobRecord, JobState, LogLine, Progress } from '../task/job.ts'

/** A refusal with a reason, in place of what was asked for. */
export interface Refusal {
  readonly refused: ChardErrorCode
  readonly message: string
}

export function isRefusal(reply: object): reply is Refusal {
  return 'refused' in reply
}

/** One job to record. The caller makes the id, so that a retried call records nothing twice. */
export interface NewJob {
  readonly id: string
  readonly task: string
  /** JSON text. */
  readonly input: string
  readonly maxAttempts: number
  readonly priority?: number
  /** Not before this long after the ledger's now. */
  readonly delayMs?: number
  /** Not before this moment, in epoch milliseconds. */
  readonly at?: number
  readonly key?: string
  /** True when a known key answers with its job whatever the input: the children of a handler. */
  readonly keyWins?: boolean
  readonly tags?: readonly string[]
  /** The caller runs the first attempt itself. */
  readonly start?: Start
}

/**
 * A first attempt that runs, or ran, in the caller's isolate rather than in a consumer.
 *
 * - `claim`: startNow. Admitted as any claim; refused, the job waits as `queued`.
 * - `running`: a background task shortly before its cut, under this isolate's own lease.
 * - `ended`: a background task that threw. Recorded with that attempt counted.
 */
export type Start =
  | { readonly kind: 'claim'; readonly runner: string; readonly leaseMs: number }
  | { readonly kind: 'running'; readonly runner: string; readonly leaseMs: number; readonly ranMs: number }
  | { readonly kind: 'ended'; readonly outcome: Outcome; readonly ranMs: number; readonly log?: readonly LogLine[] }

export interface EnqueueRequest {
  /** The deployment's home count, held against the one this ledger recorded. */
  readonly homes: number
  readonly jobs: readonly NewJob[]
}

/** The answer about one job, in the order of the request. */
export type Enqueued =
  | { readonly id: string; readonly state: JobState; readonly duplicate: boolean; readonly claimed?: Claimed }
  | Refusal

export type EnqueueReply = { readonly jobs: readonly Enqueued[] } | Refusal

/** How an attempt ended, as its runner saw it. The ledger alone turns it into the next state. */
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
  /** Progress that no beat has reported yet. */
  readonly progress?: Progress
}

/** One attempt that goes on. */
export interface Beat {
  readonly id: string
  readonly lease: string
  /** Present when it changed since the last beat. */
  readonly progress?: Progress
}

/** A runner's one question: settle, extend, report and claim in one round trip and one transaction. */
export interface SyncRequest {
  readonly runner: string
  /** Counts up by one a sync; a retry repeats it and gets the same answer. */
  readonly seq: number
  /** The newest seq whose answer the runner has, or has given up on. Claims up to it that are not in `beat` never started. */
  readonly ack: number
  /** The tasks it can run, and the milliseconds an attempt of each may take. */
  readonly tasks: Readonly<Record<string, number>>
  readonly settle: readonly Settlement[]
  readonly beat: readonly Beat[]
  /** How many more jobs it would take. */
  readonly want: number
  /** The wall time it has left for them. */
  readonly remainingMs: number
  /** This is its last sync. */
  readonly done?: boolean
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
  /** Its runner died under it more than once: it runs alone. */
  readonly solo?: boolean
}

export interface SyncReply {
  readonly claimed: readonly Claimed[]
  /** Ids whose lease is no longer this runner's: stop, and report nothing. */
  readonly lost: readonly string[]
  /** Ids somebody asked to cancel: abort the signal, then settle. */
  readonly cancelled: readonly string[]
  /** For how long from the request the leases in `beat` are good, on disk. */
  readonly leaseMs: number
}

/** Which jobs of one shard to list, newest first. */
export interface ListRequest {
  readonly state?: JobState
  readonly task?: string
  readonly tag?: string
  readonly key?: string
  readonly limit: number
  /** Only ids below this one's ULID. */
  readonly before?: string
}

export interface ListReply {
  readonly jobs: readonly JobRecord[]
  /** The ULID down to which this shard was searched; absent when it was searched to its end. */
  readonly searchedTo?: string
}

/** One shard at a glance. */
export interface ShardOverview {
  readonly shard: number
  readonly states: Readonly<Record<JobState, number>>
  /** When the job that has waited longest became ready, in epoch milliseconds. */
  readonly oldestReadyAt?: number
  /** Runners that hold a lease or were heard of just now. */
  readonly runners: number
  /** Wake-ups sent and not yet answered, and how often in a row they were sent again. */
  readonly wakeUps: { readonly unanswered: number; readonly resent: number }
  /** When the alarm will ring, in epoch milliseconds. */
  readonly alarmAt?: number
  readonly bytes: number
  /** The kill switch is on: nothing is given out, sent or armed. */
  readonly halted?: true
}

/** The ledger as its callers see it. */
export interface LedgerRpc {
  enqueue(request: EnqueueRequest): Promise<EnqueueReply>
  sync(request: SyncRequest): Promise<SyncReply>
  get(id: string): Promise<JobRecord | Refusal>
  list(request: ListRequest): Promise<ListReply>
  cancel(id: string): Promise<JobRecord | Refusal>
  redrive(id: string): Promise<JobRecord | Refusal>
  overview(): Promise<ShardOverview>
  /** The kill switch: stops giving out work, sending wake-ups and arming the alarm; `false` lets go. */
  halt(on: boolean): Promise<void>
  /** The watchdog's call: arms what lost its alarm. True when it had to. */
  wake(): Promise<boolean>
}
