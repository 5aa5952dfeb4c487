/** What the Worker that is killed and the program that kills it say to one another. Types alone: each has its own platform. */

/** The tasks of worker/tasks.ts that a client asks for by name. */
export type Kind = 'instant' | 'short' | 'second' | 'long' | 'flaky' | 'hopeless' | 'fragile' | 'parent' | 'background'

/** One job as a client asks for it. `n` numbers it through the whole run, so that it is known without its id. */
export interface Asked {
  readonly n: number
  readonly kind: Kind
  /** How many attempts fail before one does not. */
  readonly failures?: number
  readonly key?: string
  readonly delayMs?: number
  readonly startNow?: boolean
}

/** The 202, in the order of the request. Background jobs have no id that anybody could be told. */
export interface Accepted {
  readonly jobs: readonly { readonly n: number; readonly id: string; readonly duplicate: boolean }[]
}

/** A job as the books have it. */
export interface BookRow {
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

export interface BooksPage {
  readonly jobs: readonly BookRow[]
  readonly cursor?: string
  readonly missing: readonly number[]
}

/** What a ledger says of itself, as far as it is looked at. */
export interface Glance {
  readonly states: Readonly<Record<string, number>>
  readonly shards: readonly {
    readonly shard: number
    readonly states: Readonly<Record<string, number>>
    readonly alarmAt?: number
  }[]
  readonly missing: readonly number[]
}

/** One start of a handler, as the witness wrote it down before the handler did anything else. */
export interface Run {
  readonly seq: number
  readonly job: string
  readonly attempt: number
  readonly at: number
}
