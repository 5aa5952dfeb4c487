/**
 * The errors of the engine itself. An edge, such as HTTP, maps each code to a status of its own and decides nothing else.
 */

/** The closed list of codes. They are stable, so programs may match on them. */
export type ChardErrorCode =
  /** An option has a value that it does not take. Thrown where the option is written. */
  | 'invalid-option'
  /** A task's input does not fit its schema. `issues` says where. */
  | 'invalid-input'
  /** An input or a batch is over its limit in bytes or in number. */
  | 'too-large'
  /** The background and startNow tiers cannot run this task: its timeout is longer than work may run after a response. */
  | 'too-long'
  /** No served task has this name. */
  | 'unknown-task'
  /** No job has this id. */
  | 'unknown-job'
  /** The job is older than the time for which jobs are kept. */
  | 'gone'
  /** The text is not a job's id. */
  | 'invalid-id'
  /** The idempotency key already stands for a job with another input. */
  | 'key-conflict'
  /** The job's state does not allow this. */
  | 'wrong-state'
  /** The task, or the deployment, is being drained: it accepts no new jobs until `resume`. */
  | 'draining'
  /** No schedule has this name. */
  | 'unknown-schedule'
  /** No bulk action has this id, or it ended too long ago. */
  | 'unknown-bulk'
  /** The option `homeShards` is not the number that the deployment began with. The message says which to set. */
  | 'home-shards-mismatch'
  /** A binding is missing, or is of another kind. The message holds the TOML to paste. */
  | 'missing-binding'
  /** The timeout of `job.wait` was over before the job was final. The job goes on. */
  | 'wait-timeout'
  /** `job.wait` found the job failed or cancelled. */
  | 'job-failed'
  /** A ledger did not answer, or is overloaded. The call may have taken effect: repeat it. */
  | 'unavailable'

/** One finding of the schema of a task's input. */
export interface InputIssue {
  readonly path: string
  readonly message: string
}

/** An error of the engine itself, in contrast to one that a task's handler throws. */
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
