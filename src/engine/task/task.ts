/**
 * A task: a definition in code, checked where it is written. What runs it is behind the `Tiers` port, so that this
 * room knows no ledger, no queue and no platform.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import {
  atMax,
  inlineTimeoutMsMax,
  partitionCharsMax,
  priorityMax,
  tagCharsMax,
  tagsMax,
  taskNameCharsMax,
  timeoutMsMax,
} from './bounds.ts'
import { type Duration, durationMs } from './duration.ts'
import { ChardError } from './errors.ts'
import type { Snooze } from './handler-outcomes.ts'
import type { Job, JobError, JobRecord, Stored } from './job.ts'
import { type CheckedLimits, checkedLimits, type TaskLimits } from './limits.ts'
import { refuse, shown } from './refuse.ts'
import { type RetryOptions, type RetryPolicy, retryPolicy } from './retry.ts'
import { checkedTrace } from './trace.ts'
import { checkedKey, isCoalescing, type Unique, type UniqueRule, uniqueRule } from './unique.ts'

/** How one job is enqueued. */
export interface EnqueueOptions {
  /** One job per key and task for as long as that job is kept. The same key with another input is refused. */
  idempotencyKey?: string
  /** What a call does when the job of its key is already there. In place of an idempotency key. */
  unique?: Unique
  /** Not before this long from now. */
  delay?: Duration
  /** Not before this moment. One in the past means now. */
  at?: Date
  /** Not started by then, counted from the call, the job fails with reason `expired`. */
  expiresIn?: Duration
  /** Higher is served first, among everything that is not running: -1000 to 1000, default 0. */
  priority?: number
  /** Words to find the job by: up to 16. */
  tags?: readonly string[]
  /** The trace it belongs to. Default: that of what runs now, such as a request under `withTrace`, or a job. */
  trace?: string
  /** Record it first, then run it right here after the response, with no queue hop. */
  startNow?: boolean
}

/** Options of `enqueueMany`: the same for all, or made for each. */
export type EnqueueManyOptions<Input> =
  | Omit<EnqueueOptions, 'idempotencyKey' | 'unique' | 'startNow'>
  | ((input: Input, index: number) => Omit<EnqueueOptions, 'startNow'>)

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
  /** Aborts on timeout, cancellation, a lost lease and the end of the invocation. Pass it on to `fetch`. */
  readonly signal: AbortSignal
  /** Tells how far this attempt is: `value` from 0 to 1, `message` a word for what it is doing. */
  progress(value: number, message?: string): void
  /** Adds a line to this attempt's record: up to 100 lines of 1,000 characters. */
  log(message: string): void
  /** Enqueues a job as a child of this one: the n-th child of a task is made once, however often this job is tried. */
  enqueue<Input, Output>(
    task: Task<Input, Output>,
    input: Input,
    options?: Omit<EnqueueOptions, 'startNow'>,
  ): Promise<Job<Stored<Output>>>
}

/** What `onFailed` is told. */
export interface FailedContext extends Omit<RunContext, 'job'> {
  /** The job that failed. */
  readonly job: Pick<JobRecord, 'id' | 'task' | 'attempt' | 'reason' | 'createdAt' | 'trace'>
  /** Its last error. */
  readonly error: JobError
}

/** A task as written. */
export interface TaskOptions<Schema extends StandardSchemaV1, Result> extends TaskLimits {
  /** What jobs are recorded under. Letters, digits, `.`, `_`, `:` and `-`. Renaming a task orphans its waiting jobs. */
  name: string
  /** Validates the input: once at the call, once before each attempt. */
  input: Schema
  /** Default: 5 attempts, exponential backoff from 1 s to 1 h, full jitter. */
  retry?: RetryOptions
  /** The time an attempt may take: up to `'14m'`, default `'25s'`. The background and startNow tiers take up to `'25s'`. */
  timeout?: Duration
  /** How long a finished job is kept. Default: the deployment's `retention`. */
  retention?: Duration
  /**
   * What an operator sees of a job's input: what this makes of it, or nothing where it is `'redacted'`. Left out, a single
   * job shows its whole input, and a list shows none. The input is stored whole either way.
   */
  visible?: ((input: StandardSchemaV1.InferOutput<Schema>) => unknown) | 'redacted'
  /**
   * The key within the task whose jobs share `perPartition` limits, live on one shard and take turns with those of other
   * keys: a tenant, a user, a host. 1 to 256 characters.
   */
  partition?(input: StandardSchemaV1.InferOutput<Schema>): string
  /** Does the work. What it returns is recorded as JSON. May run more than once: `job.id` is its idempotency token. */
  run(input: StandardSchemaV1.InferOutput<Schema>, context: RunContext): Result | Promise<Result>
  /** Runs after the job has failed for good, as a job of its own with the task's retry policy. */
  onFailed?(input: StandardSchemaV1.InferOutput<Schema>, context: FailedContext): unknown
}

/** The name under which a task's `onFailed` is recorded. No task of a user can have it. */
export function onFailedTask(task: string): string {
  return `${task}/onFailed`
}

/** The engine's own task, whose jobs tell of jobs that failed. */
export const webhookTask = 'chard.webhook'

/** A checked task, as the engine's rooms use it. */
export interface TaskDefinition {
  readonly name: string
  readonly schema: StandardSchemaV1
  readonly retry: RetryPolicy
  readonly timeoutMs: number
  /** Undefined: the deployment's. */
  readonly retentionMs: number | undefined
  /** What of an input is for operators' eyes. Undefined: the task does not say. */
  readonly visible: ((input: never) => unknown) | undefined
  readonly limits: CheckedLimits
  readonly partition: ((input: never) => unknown) | undefined
  readonly run: (input: never, context: RunContext) => unknown
  readonly onFailed: ((input: never, context: FailedContext) => unknown) | undefined
}

/** A typed task and the three ways to run it. */
export interface Task<Input, Output> {
  readonly name: string
  readonly definition: TaskDefinition
  /**
   * Runs it after the response in this isolate. Nothing is written when it succeeds; a failure becomes a recorded job
   * that is retried. The one thing it cannot survive is the death of the isolate.
   * Resolves when the input is accepted, before the work starts.
   *
   * @throws ChardError `invalid-input`, `too-large`, or `too-long` for a task with a timeout beyond 25 s
   */
  background(input: Input, options?: Pick<EnqueueOptions, 'tags'>): Promise<void>
  /**
   * Records a job; once this returns it is never lost. A runner works it off.
   *
   * @throws ChardError `invalid-input`, `too-large`, `key-conflict`, `invalid-option`, `unavailable` (the job may have been recorded)
   */
  enqueue(input: Input, options?: EnqueueOptions): Promise<Job<Stored<Output>>>
  /**
   * Records many jobs: up to 10,000 and 12 MiB of input in one call, atomic per shard. The answers are in the order of the inputs.
   * @throws as `enqueue`, before anything is written when an input is at fault
   */
  enqueueMany(inputs: readonly Input[], options?: EnqueueManyOptions<Input>): Promise<Job<Stored<Output>>[]>
}

/** One checked request to run a task. */
export interface TaskRequest {
  readonly input: unknown
  readonly options: CheckedEnqueueOptions
}

/** Enqueue options after their checks: times in milliseconds. */
export interface CheckedEnqueueOptions {
  readonly key: { readonly key: string; readonly rule: UniqueRule } | undefined
  readonly delayMs: number
  /** Epoch milliseconds. */
  readonly at: number | undefined
  readonly expiresInMs: number | undefined
  readonly priority: number
  readonly tags: readonly string[]
  readonly startNow: boolean
  readonly trace: string | undefined
}

/** The port through which a task is run. `createChard` plugs the client and the runner in. */
export interface Tiers {
  background(task: TaskDefinition, request: TaskRequest): Promise<void>
  enqueue(task: TaskDefinition, requests: readonly TaskRequest[]): Promise<Job<never>[]>
}

/**
 * Defines a task.
 * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes
 */
export function defineTask<Schema extends StandardSchemaV1, Result>(
  options: TaskOptions<Schema, Result>,
  tiers: Tiers,
): Task<StandardSchemaV1.InferInput<Schema>, Exclude<Awaited<Result>, Snooze>> {
  const definition = checkedDefinition(options as unknown as TaskOptions<StandardSchemaV1, unknown>)
  const one = async (requests: readonly TaskRequest[]) => (await tiers.enqueue(definition, requests)) as Job<never>[]
  return {
    name: definition.name,
    definition,
    async background(input, { tags } = {}) {
      refuseTooLong(definition, 'background')
      await tiers.background(definition, { input, options: checkedEnqueueOptions(tags ? { tags } : {}) })
    },
    async enqueue(input, options = {}) {
      if (options.startNow) refuseTooLong(definition, 'enqueue with startNow')
      const [job] = await one([{ input, options: checkedEnqueueOptions(options) }])
      return job as Job<never>
    },
    async enqueueMany(inputs, options = {}) {
      const optionsOf = typeof options === 'function' ? options : () => options
      return one(inputs.map((input, index) => ({ input, options: checkedEnqueueOptions(optionsOf(input, index)) })))
    },
  }
}

function checkedDefinition(options: TaskOptions<StandardSchemaV1, unknown>): TaskDefinition {
  const { name, input, run, onFailed, partition, perPartition, visible } = options
  if (typeof name !== 'string' || !/^[A-Za-z0-9][\w.:-]*$/.test(name) || name.length > taskNameCharsMax) {
    refuse('name', name, `up to ${taskNameCharsMax} letters, digits and . _ : -, the first a letter or digit`)
  }
  if (typeof input?.['~standard']?.validate !== 'function') {
    refuse(`input of task ${name}`, input, 'a Standard Schema, such as z.object({ … }) of zod')
  }
  if (typeof run !== 'function') refuse(`run of task ${name}`, run, 'a function')
  if (onFailed !== undefined && typeof onFailed !== 'function')
    refuse(`onFailed of task ${name}`, onFailed, 'a function')
  if (visible !== undefined && visible !== 'redacted' && typeof visible !== 'function')
    refuse(`visible of task ${name}`, visible, "a function of the input, or 'redacted'")
  if (partition !== undefined && typeof partition !== 'function')
    refuse(`partition of task ${name}`, partition, 'a function of the input')
  if (perPartition !== undefined && partition === undefined)
    refuse(`perPartition of task ${name}`, perPartition, 'a value beside `partition`, which says what a partition is')
  const timeoutMs = durationMs(options.timeout ?? inlineTimeoutMsMax, 'timeout')
  if (timeoutMs < 1 || timeoutMs > timeoutMsMax)
    refuse(`timeout of task ${name}`, options.timeout, "up to '14m', the platform's 15 minutes less a margin")
  const retentionMs = options.retention === undefined ? undefined : durationMs(options.retention, 'retention')
  if (retentionMs !== undefined && retentionMs < 60_000)
    refuse(`retention of task ${name}`, options.retention, "'1m' or longer")
  return {
    name,
    schema: input,
    retry: retryPolicy(options.retry),
    timeoutMs,
    retentionMs,
    visible: visible === 'redacted' ? () => undefined : (visible as TaskDefinition['visible']),
    limits: checkedLimits(options, name),
    partition: partition?.bind(options) as TaskDefinition['partition'],
    run: run.bind(options) as TaskDefinition['run'],
    onFailed: onFailed?.bind(options) as TaskDefinition['onFailed'],
  }
}

/** Work after a response is cut after 30 s, so a longer task would be cut every time. */
function refuseTooLong({ name, timeoutMs }: TaskDefinition, tier: string): void {
  if (timeoutMs <= inlineTimeoutMsMax) return
  throw new ChardError(
    'too-long',
    `task ${name} has a timeout of ${timeoutMs / 1000} s; ${tier} takes up to ${inlineTimeoutMsMax / 1000} s, because the platform cuts work 30 s after the response. Use enqueue`,
  )
}

/**
 * The partition of a job, by its validated input; undefined for a task that has none.
 * @throws ChardError `invalid-input` when the task's function gives none
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

/** @throws ChardError `invalid-option` */
export function checkedEnqueueOptions(options: EnqueueOptions): CheckedEnqueueOptions {
  const { delay, at, priority = 0, tags = [], startNow = false } = options
  const key = checkedUnique(options)
  if (delay !== undefined && at !== undefined) refuse('at', at, 'a Date, when delay is left out')
  if (at !== undefined && !(at instanceof Date && at.getTime() <= atMax)) {
    refuse('at', at, 'a valid Date before the year 2189')
  }
  checkedPriority(priority)
  if (
    !Array.isArray(tags) ||
    tags.length > tagsMax ||
    !tags.every((tag) => typeof tag === 'string' && tag.length > 0 && tag.length <= tagCharsMax)
  ) {
    refuse('tags', tags, `up to ${tagsMax} strings of 1 to ${tagCharsMax} characters`)
  }
  const delayMs = delay === undefined ? 0 : durationMs(delay, 'delay')
  return {
    key,
    delayMs,
    at: at?.getTime(),
    expiresInMs: checkedExpiry(options.expiresIn, delayMs, key?.rule),
    priority,
    tags: [...new Set(tags)],
    startNow,
    trace: checkedTrace(options.trace),
  }
}

function checkedUnique(options: EnqueueOptions): CheckedEnqueueOptions['key'] {
  const { idempotencyKey, unique, delay, at, startNow } = options
  if (unique !== undefined && idempotencyKey !== undefined)
    refuse('idempotencyKey', idempotencyKey, 'a value when unique is left out: both are about one key')
  if (unique === undefined) {
    if (idempotencyKey === undefined) return undefined
    checkedKey('idempotencyKey', idempotencyKey)
    return { key: idempotencyKey, rule: { kind: 'kept' } }
  }
  const key = uniqueRule(unique)
  const { kind } = key.rule
  if (startNow && isCoalescing(key.rule))
    refuse('startNow', startNow, `false beside unique with ${kind}, which may wait`)
  if ((kind === 'debounce' || kind === 'throttle') && (delay !== undefined || at !== undefined))
    refuse(delay === undefined ? 'at' : 'delay', delay ?? at, `no value beside ${kind}, which sets the time itself`)
  return key
}

/** A job that could not start before its deadline would be accepted only to fail. */
function checkedExpiry(expiresIn: Duration | undefined, delayMs: number, rule?: UniqueRule): number | undefined {
  if (expiresIn === undefined) return undefined
  const ms = durationMs(expiresIn, 'expiresIn')
  const waitsMs = Math.max(delayMs, rule?.kind === 'debounce' || rule?.kind === 'throttle' ? rule.ms : 0)
  if (ms <= waitsMs) refuse('expiresIn', expiresIn, `more than the ${waitsMs} ms for which the job may have to wait`)
  return ms
}

/** @throws ChardError `invalid-option` */
export function checkedPriority(priority: unknown): void {
  if (Number.isInteger(priority) && Math.abs(priority as number) <= priorityMax) return
  refuse('priority', priority, `a whole number from -${priorityMax} to ${priorityMax}`)
}
