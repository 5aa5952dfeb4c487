/** What the Worker and the program that kills it send each other. Types only, because each has its own platform. */

/** The tasks of worker/tasks.ts that a client enqueues by name. */
export type Kind = 'instant' | 'short' | 'second' | 'long' | 'flaky' | 'hopeless' | 'fragile' | 'parent' | 'background'

/** One job as a client enqueues it. `n` is its number in the whole run, so that it is known without its id. */
export interface Asked {
  readonly n: number
  readonly kind: Kind
  /** How many attempts fail before one does not. */
  readonly failures?: number
  readonly key?: string
  readonly delayMs?: number
  readonly startNow?: boolean
}

/** The answer 202, in the order of the request. Background jobs have no id in it. */
export interface Accepted {
  readonly jobs: readonly { readonly n: number; readonly id: string; readonly duplicate: boolean }[]
}

/** A job as it is recorded. */
export interface RecordedJob {
  readonly id: string
  readonly task: string
  readonly state: string
  readonly reason?: string
  readonly attempt: number
  readonly maxAttempts: number
  readonly key?: string
  readonly createdAt: number
  readonly finishedAt?: number
  readonly input: {
    readonly n?: number
    /** Of a child. */
    readonly parent?: string
    /** Of an `onFailed`: the job that failed. */
    readonly job?: { readonly id: string }
  }
  readonly history: readonly { readonly attempt: number; readonly outcome: string }[]
}

export interface JobsPage {
  readonly jobs: readonly RecordedJob[]
  readonly cursor?: string
  readonly missing: readonly number[]
}

/** The part of a ledger's overview that is used. */
export interface Glance {
  readonly states: Readonly<Record<string, number>>
  readonly shards: readonly {
    readonly shard: number
    readonly states: Readonly<Record<string, number>>
    readonly alarmAt?: number
  }[]
  readonly missing: readonly number[]
}

/** One start of a handler, as the witness recorded it before the handler did anything else. */
export interface Run {
  readonly seq: number
  readonly job: string
  readonly attempt: number
  readonly at: number
}
