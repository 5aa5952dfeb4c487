/** SKELETON: types first, being filled in. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { JobList, JobQuery, Overview } from './client/client.ts'
import type { Duration } from './task/duration.ts'
import type { Snooze } from './task/errors.ts'
import type { JobRecord } from './task/job.ts'
import type { Task, TaskOptions } from './task/task.ts'

export interface ChardOptions {
  /** Name of the Durable Object binding. Default `'LEDGER'`. */
  ledger?: string
  /** Name of the queue binding. Default `'JOBS'`. */
  queue?: string
  /** Home shards: chosen once for the life of a deployment. Default 8. */
  shards?: number
  /** How long a finished job is kept. Default `'7d'`. */
  retention?: Duration
}

/** One deployment's engine. */
export interface Chard {
  task<Schema extends StandardSchemaV1, Result>(
    options: TaskOptions<Schema, Result>,
  ): Task<StandardSchemaV1.InferInput<Schema>, Exclude<Awaited<Result>, Snooze>>
  /** The Worker's queue consumer, cron handler, and the classes to export. */
  serve(tasks: readonly Task<never, unknown>[]): ChardWorker
  /** @throws ChardError `invalid-id`, `unknown-job`, `gone`, `unavailable` */
  get(id: string): Promise<JobRecord>
  /** Yields the record now and whenever it changed, until the job is final or the time is up. @throws as `get` */
  watch(id: string, timeout: Duration): AsyncGenerator<JobRecord, void>
  /** The newest record once it is final or the time is up. @throws as `get` */
  wait(id: string, timeout: Duration): Promise<JobRecord>
  list(query?: JobQuery): Promise<JobList>
  /** @throws as `get`, and `wrong-state` when it is already final */
  cancel(id: string): Promise<JobRecord>
  /** A final job gets its policy's attempts anew. @throws as `get`, and `wrong-state` when it is not final */
  redrive(id: string): Promise<JobRecord>
  overview(): Promise<Overview>
}

export interface ChardWorker {
  readonly queue: (batch: MessageBatch) => Promise<void>
  readonly scheduled: () => Promise<void>
  /** The Durable Object class. Export it under the name that wrangler.toml gives. */
  readonly Ledger: new (ctx: DurableObjectState, env: Cloudflare.Env) => Rpc.DurableObjectBranded
  /** Lets a ledger start a runner without the queue. Export it as `Runner`; leave it out to switch that off. */
  readonly Runner: new (ctx: ExecutionContext, env: Cloudflare.Env) => Rpc.WorkerEntrypointBranded
}

export declare function createChard(options?: ChardOptions): Chard
