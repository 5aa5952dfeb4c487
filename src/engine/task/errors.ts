/**
 * Every error the engine raises, and whether trying again can help: decided here, once.
 * Edges map a code to their own language (an HTTP status, an exit code) and decide nothing.
 */

/** The closed list of codes. Stable: programs match on them. */
export type ChardErrorCode =
  /** An option has a value it does not take. Raised where it is written. */
  | 'invalid-option'
  /** A task's input does not fit its schema. `issues` says where. */
  | 'invalid-input'
  /** An input, output or batch is over its limit in bytes or in number. */
  | 'too-large'
  /** This tier cannot run this task: its timeout is longer than the platform lets work run after a response. */
  | 'too-long'
  /** No served task has this name. */
  | 'unknown-task'
  /** No job has this id. */
  | 'unknown-job'
  /** The job is older than the time jobs are kept. */
  | 'gone'
  /** The text is not a job's id. */
  | 'invalid-id'
  /** The idempotency key is known with another input. */
  | 'key-conflict'
  /** The job's state does not allow this verb. */
  | 'wrong-state'
  /** The task is being drained: it takes no new jobs until `resume`. */
  | 'draining'
  /** No schedule has this name. */
  | 'unknown-schedule'
  /** No bulk action has this id, or it is too long ago. */
  | 'unknown-bulk'
  /** This deployment counts its home shards otherwise than the ledger recorded. */
  | 'home-shards-mismatch'
  /** A binding is missing or is of another kind. The message holds the TOML to paste. */
  | 'missing-binding'
  /** `wait` gave up before the job was final. The job goes on. */
  | 'wait-timeout'
  /** `wait` found the job failed or cancelled. */
  | 'job-failed'
  /** A ledger did not answer in time or is overloaded. What was asked may have been recorded: ask again. */
  | 'unavailable'

/** One finding of a task's input schema. */
export interface InputIssue {
  readonly path: string
  readonly message: string
}

/** An error of the engine itself, as against one thrown by a task's handler. */
export class ChardError extends Error {
  override readonly name: string = 'ChardError'
  /** Where the input is wrong, for `invalid-input`. */
  readonly issues: readonly InputIssue[] | undefined

  constructor(
    readonly code: ChardErrorCode,
    message: string,
    options?: ErrorOptions & { issues?: readonly InputIssue[] },
  ) {
    super(message, options)
    this.issues = options?.issues
  }
}
