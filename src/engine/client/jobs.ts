/** The jobs of a deployment, as `chard.jobs` shows them: one by one, in lists, and many at once. */
import type { Duration } from '../task/duration.ts'
import { checkedEnqueueOptions, type EnqueueOptions } from '../task/enqueue-options.ts'
import type { Job, JobRecord } from '../task/job.ts'
import { serialised, validated } from '../task/schema.ts'
import type { TaskDefinition } from '../task/task.ts'
import type { BulkActions, BulkProgress } from './bulk.ts'
import type { Client, JobUpdate } from './client.ts'
import type { JobFilter, JobList, JobQuery } from './job-search.ts'

/** What `chard.jobs` offers. Every verb that takes an id throws ChardError `invalid-id`, `unknown-job`, `gone` or `unavailable`. */
export interface Jobs {
  /**
   * Enqueues a job of a task that is given by its name; the input is validated by the task's schema.
   *
   *     await chard.jobs.enqueue('draw-avatar', { userId: 123 }, { priority: 10 })
   *
   * @throws ChardError as `Task.enqueue`, and `unknown-task` when `serve` was not called with a task of this name
   */
  enqueue(task: string, input: unknown, options?: Omit<EnqueueOptions, 'startNow'>): Promise<Job>
  /** The job as it is now. */
  get(id: string): Promise<JobRecord>
  /**
   * Yields the record now and whenever it has changed, until the job is final, `timeout` is over or `signal` aborts.
   *
   *     for await (const { state, progress } of chard.jobs.watch(id, '30s')) console.log(state, progress?.value)
   *
   * @throws as `get`, and `invalid-option` for `timeout`
   */
  watch(id: string, timeout: Duration, signal?: AbortSignal): AsyncGenerator<JobRecord, void>
  /**
   * The newest record, once the job is final, `timeout` is over or `signal` aborts.
   * @throws as `watch`
   */
  wait(id: string, timeout: Duration, signal?: AbortSignal): Promise<JobRecord>
  /**
   * A page of the jobs of every shard, newest first. A shard that does not answer is in `missing`.
   *
   *     const { jobs, cursor } = await chard.jobs.list({ state: 'failed', task: 'draw-avatar', limit: 50 })
   *
   * @throws ChardError `invalid-option`
   */
  list(query?: JobQuery): Promise<JobList>
  /**
   * Cancels a job: a waiting one at once; a running handler is told by its signal with the next heartbeat.
   * @throws as `get`, and `wrong-state` when the job is already final
   */
  cancel(id: string): Promise<JobRecord>
  /**
   * Gives a final job the attempts of its retry policy again, with another input if one is given.
   * @throws as `get`; `wrong-state` when the job is not final; for an input `invalid-input`, `too-large`, `unknown-task`
   */
  redrive(id: string, options?: { readonly input?: unknown }): Promise<JobRecord>
  /**
   * Changes the priority or the time of a waiting job.
   *
   *     await chard.jobs.update(id, { delay: '5m' })
   *
   * @throws as `get`; `wrong-state` when the job does not wait; `invalid-option`
   */
  update(id: string, changes: JobUpdate): Promise<JobRecord>
  /**
   * Cancels every job that the filter matches. The call records the action in each ledger and returns; the ledgers carry
   * it out in slices, through restarts, and `bulk(id)` tells how far they are. A second call with the same
   * idempotency key repeats nothing, and begins the action on the shards that were `missing` from the first.
   *
   *     const { id } = await chard.jobs.cancelMany({ task: 'send-digest', state: 'queued' })
   *
   * @throws ChardError `invalid-option`; `key-conflict` when the key was used for another action or filter
   */
  cancelMany(filter: JobFilter, options?: { readonly idempotencyKey?: string }): Promise<BulkProgress>
  /** Redrives every job that the filter matches. Otherwise as `cancelMany`. */
  redriveMany(filter: JobFilter, options?: { readonly idempotencyKey?: string }): Promise<BulkProgress>
  /**
   * How far a bulk action is.
   * @throws ChardError `unknown-bulk`
   */
  bulk(id: string): Promise<BulkProgress>
}

export interface JobsPorts {
  readonly client: Client
  readonly bulk: BulkActions
  /** A served task by its name. Throws `unknown-task`. */
  readonly servedTask: (name: string) => TaskDefinition
}

export function jobsOf({ client, bulk, servedTask }: JobsPorts): Jobs {
  return {
    async enqueue(name, input, options = {}) {
      const request = { input, options: checkedEnqueueOptions(options) }
      const [recorded] = await client.enqueue(servedTask(name), [request])
      return recorded?.job as Job
    },
    get: (id) => client.get(id),
    watch: (id, timeout, signal) => client.watch(id, timeout, signal),
    wait: (id, timeout, signal) => client.wait(id, timeout, signal),
    list: (query) => client.list(query),
    cancel: (id) => client.cancel(id),
    async redrive(id, { input } = {}) {
      if (input === undefined) return client.redrive(id)
      const { task } = await client.get(id)
      const { schema } = servedTask(task)
      const text = serialised(input, task)
      await validated(schema, JSON.parse(text), task)
      return client.redrive(id, text)
    },
    update: (id, changes) => client.update(id, changes),
    cancelMany: (filter, { idempotencyKey } = {}) => bulk.begin('cancel', filter, idempotencyKey),
    redriveMany: (filter, { idempotencyKey } = {}) => bulk.begin('redrive', filter, idempotencyKey),
    bulk: (id) => bulk.progress(id),
  }
}
