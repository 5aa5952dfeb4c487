/** A task as it is used: by the code that enqueues its jobs, by its handlers, and by the rooms of the engine. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { partitionCharsMax } from './bounds.ts'
import type { CheckedEnqueueOptions, EnqueueManyOptions, EnqueueOptions } from './enqueue-options.ts'
import { ChardError } from './errors.ts'
import type { Job, JobError, JobRecord, Stored } from './job.ts'
import type { CheckedLimits } from './limits.ts'
import type { Policy } from './policy.ts'
import { shown } from './refuse.ts'

/** A task, and the three ways to run it. */
export interface Task<Input, Output> {
  readonly name: string
  readonly definition: TaskDefinition
  /**
   * Runs it in this isolate, after the response. Nothing is written when it succeeds; a failure becomes a recorded job
   * that is retried. Only the death of the isolate before that loses the work.
   * Resolves when the input is accepted, before the work starts.
   *
   * @throws ChardError `invalid-input`, `too-large`; `too-long` for a task whose timeout is over 25 s
   */
  background(input: Input, options?: Pick<EnqueueOptions, 'tags'>): Promise<void>
  /**
   * Records a job. Once this returns, the job is not lost: a runner works on it until it is final.
   *
   *     const job = await drawAvatar.enqueue({ userId: 123 }, { idempotencyKey: 'avatar:123' })
   *
   * @throws ChardError `invalid-input`, `too-large`, `key-conflict`, `invalid-option`, `draining`; `unavailable`, after
   * which the job may have been recorded
   */
  enqueue(input: Input, options?: EnqueueOptions): Promise<Job<Stored<Output>>>
  /**
   * Records many jobs, up to 10,000 and 12 MiB of input in one call. It is atomic for each shard, and answers in the order
   * of the inputs. When an input is refused, nothing is written.
   * @throws as `enqueue`
   */
  enqueueMany(inputs: readonly Input[], options?: EnqueueManyOptions<Input>): Promise<Job<Stored<Output>>[]>
}

/** What a handler is told and can do. */
export interface RunContext {
  /** The Worker's bindings. */
  readonly env: Cloudflare.Env
  readonly job: Pick<
    JobRecord,
    'id' | 'task' | 'maxAttempts' | 'priority' | 'tags' | 'createdAt' | 'partition' | 'schedule' | 'trace'
  >
  /** The number of this attempt, from 1. */
  readonly attempt: number
  /** Aborts at the timeout, on cancellation, when the lease is lost and before the invocation ends. Pass it to `fetch`. */
  readonly signal: AbortSignal
  /** Reports how far this attempt is: `value` from 0 to 1, and up to 200 characters on what it is doing. */
  progress(value: number, message?: string): void
  /** Adds a line to the record of this attempt: up to 100 lines of 1,000 characters. */
  log(message: string): void
  /**
   * Enqueues a job as a child of this one. The n-th child of a task is enqueued once, however many attempts enqueue it.
   * @throws as `Task.enqueue`, but for `draining`
   */
  enqueue<Input, Output>(
    task: Task<Input, Output>,
    input: Input,
    options?: Omit<EnqueueOptions, 'startNow'>,
  ): Promise<Job<Stored<Output>>>
}

/** What `onFailed` is told and can do. */
export interface FailedContext extends Omit<RunContext, 'job'> {
  /** The job that failed. */
  readonly job: Pick<JobRecord, 'id' | 'task' | 'attempt' | 'reason' | 'createdAt' | 'trace'>
  /** The job's last error. */
  readonly error: JobError
}

/** A checked task, as the engine's rooms use it. */
export interface TaskDefinition extends Policy {
  readonly name: string
  readonly schema: StandardSchemaV1
  /** What operators see of an input. Undefined: the task does not say. */
  readonly visible: ((input: never) => unknown) | undefined
  readonly limits: CheckedLimits
  readonly partition: ((input: never) => unknown) | undefined
  readonly run: (input: never, context: RunContext) => unknown
  readonly onFailed: ((input: never, context: FailedContext) => unknown) | undefined
}

/** One checked request to run a task. */
export interface TaskRequest {
  readonly input: unknown
  readonly options: CheckedEnqueueOptions
}

/**
 * The partition of a job, by its validated input; undefined for a task that has none.
 * @throws ChardError `invalid-input` when the task's function returns none
 */
export function partitionOf({ name, partition }: TaskDefinition, input: unknown): string | undefined {
  if (!partition) return undefined
  const found = partition(input as never)
  const text = Number.isFinite(found) ? String(found) : found
  if (typeof text === 'string' && text.length >= 1 && text.length <= partitionCharsMax) return text
  throw new ChardError(
    'invalid-input',
    `partition of task ${name} is ${shown(found)} for this input; it takes 1 to ${partitionCharsMax} characters`,
  )
}
