/** Defines a task. What runs it is behind the `Tiers` port, so that this room knows no ledger, no queue and no platform. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { inlineTimeoutMsMax } from './bounds.ts'
import { checkedEnqueueOptions } from './enqueue-options.ts'
import { ChardError } from './errors.ts'
import type { Snooze } from './handler-outcomes.ts'
import type { Job } from './job.ts'
import type { Task, TaskDefinition, TaskRequest } from './task.ts'
import { checkedTask, type TaskOptions } from './task-options.ts'

/** The port through which a task is run. */
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
  const definition = checkedTask(options as unknown as TaskOptions<StandardSchemaV1, unknown>)
  const enqueued = async (requests: readonly TaskRequest[]) =>
    (await tiers.enqueue(definition, requests)) as Job<never>[]
  return {
    name: definition.name,
    definition,
    async background(input, { tags } = {}) {
      refuseTooLong(definition, 'background')
      await tiers.background(definition, { input, options: checkedEnqueueOptions(tags ? { tags } : {}) })
    },
    async enqueue(input, options = {}) {
      if (options.startNow) refuseTooLong(definition, 'enqueue with startNow')
      const [job] = await enqueued([{ input, options: checkedEnqueueOptions(options) }])
      return job as Job<never>
    },
    async enqueueMany(inputs, options = {}) {
      const optionsOf = typeof options === 'function' ? options : () => options
      return enqueued(
        inputs.map((input, index) => ({ input, options: checkedEnqueueOptions(optionsOf(input, index)) })),
      )
    },
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
