/** How a task is written: its options, and their checks. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { checkedLimits, type TaskLimits } from './limits.ts'
import { checkedName } from './names.ts'
import { checkedPolicy, type PolicyOptions } from './policy.ts'
import { refuse } from './refuse.ts'
import type { FailedContext, RunContext, TaskDefinition } from './task.ts'

/** A task as written. It also takes the options of its policy (policy.ts) and of its limits (limits.ts). */
export interface TaskOptions<Schema extends StandardSchemaV1, Result> extends PolicyOptions, TaskLimits {
  /**
   * What its jobs are recorded under: up to 100 letters, digits, `.`, `_`, `:` and `-`. A task that is renamed is another
   * task: jobs that wait under the old name find no handler.
   */
  name: string
  /** Validates the input: at the call, and again before each attempt. Any Standard Schema: https://standardschema.dev */
  input: Schema
  /**
   * What an operator sees of a job's input: what this function returns, or nothing for `'redacted'`. Left out, the view of
   * a single job shows its whole input, and a list shows none. The input is stored whole in every case.
   */
  visible?: ((input: StandardSchemaV1.InferOutput<Schema>) => unknown) | 'redacted'
  /**
   * The partition of a job by its input: a tenant, a user, a host; 1 to 256 characters. The jobs of a partition share its
   * `perPartition` limits and a shard, and the partitions of a task take turns.
   */
  partition?(input: StandardSchemaV1.InferOutput<Schema>): string
  /**
   * Does the work. What it returns is recorded as JSON. It may run more than once for one job: use `job.id` as the
   * idempotency key of what it calls.
   */
  run(input: StandardSchemaV1.InferOutput<Schema>, context: RunContext): Result | Promise<Result>
  /** Runs after the job has failed for good, as a job of its own with the task's retry policy. */
  onFailed?(input: StandardSchemaV1.InferOutput<Schema>, context: FailedContext): unknown
}

/** @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes */
export function checkedTask(options: TaskOptions<StandardSchemaV1, unknown>): TaskDefinition {
  const { name, input, run, onFailed, partition, perPartition, visible } = options
  checkedName(name)
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
  return {
    name,
    schema: input,
    ...checkedPolicy(options, name),
    visible: visible === 'redacted' ? () => undefined : (visible as TaskDefinition['visible']),
    limits: checkedLimits(options, name),
    partition: partition?.bind(options) as TaskDefinition['partition'],
    run: run.bind(options) as TaskDefinition['run'],
    onFailed: onFailed?.bind(options) as TaskDefinition['onFailed'],
  }
}
