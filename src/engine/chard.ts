/**
 * The composition of the engine: plugs client, runner and ledger into one another and into the platform. The only room
 * that knows them all.
 */
import { exports as ownExports, WorkerEntrypoint } from 'cloudflare:workers'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type BindingOptions, Bindings } from './bindings.ts'
import { enqueueChildOf } from './client/children.ts'
import { Client, type JobList, type JobQuery, type Overview } from './client/client.ts'
import type { TaskPolicy } from './ledger/core.ts'
import { shardOf } from './ledger/job-id.ts'
import { ledgerClass } from './ledger/ledger.ts'
import type { SyncRequest } from './ledger/protocol.ts'
import { callLedger } from './ledger/remote.ts'
import { workerPlatform } from './platform.ts'
import { runInBackground } from './runner/background.ts'
import { answerWakeUps, reportDeadWakeUps } from './runner/consumers.ts'
import { newRunnerId, Runner, type RunnerBounds, type RunReport } from './runner/runner.ts'
import { ServedTasks } from './runner/tasks.ts'
import { type Duration, durationMs } from './task/duration.ts'
import { ChardError, type Snooze } from './task/errors.ts'
import type { JobRecord } from './task/job.ts'
import { defaultRetryPolicy } from './task/retry.ts'
import { defineTask, onFailedTask, type Task, type TaskOptions } from './task/task.ts'

/** One deployment's choices. Every one has a default. */
export interface ChardOptions extends BindingOptions {
  /**
   * Home shards, 1 to 1,000: where jobs with an idempotency key live. Chosen once for the life of a deployment; every
   * ledger remembers it and refuses another. Default 8.
   */
  shards?: number
  /** Shards that plain jobs are spread over: at least `shards`. May grow at any time. Default: `shards`. */
  spread?: number
  /** How long a finished job is kept. Default `'7d'`. */
  retention?: Duration
  /** From this size of a ledger on, its oldest finished jobs go before their time. Default 1 GiB of the platform's 10. */
  historyBytesMax?: number
  /** What one runner takes on. */
  runner?: {
    /** Jobs it runs side by side, 1 to 100; more while they prove short. Default 10. */
    concurrency?: number
    /** Jobs in one invocation, whose subrequests they share. Default 500. */
    jobs?: number
  }
  /**
   * Whether a ledger whose wake-up is not answered within half a second starts a runner by itself. Needs `Runner` to be
   * exported. Default true.
   */
  directStart?: boolean
  /**
   * Which attempts leave a line in the Worker's log: `'failures'` (default) those that did not complete, `'attempts'`
   * all. Logs are billed by the line, and in local development cost more than the job.
   */
  logs?: 'failures' | 'attempts'
}

/** One deployment's engine. */
export interface Chard {
  /**
   * Defines a task.
   * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes
   */
  task<Schema extends StandardSchemaV1, Result>(
    options: TaskOptions<Schema, Result>,
  ): Task<StandardSchemaV1.InferInput<Schema>, Exclude<Awaited<Result>, Snooze>>
  /**
   * The Worker's queue consumer and cron handler, and the classes to export. Call it once, with every task.
   * @throws ChardError `invalid-option` when two tasks have one name
   */
  // biome-ignore lint/suspicious/noExplicitAny: a list of tasks of any types
  serve(tasks: readonly Task<any, any>[]): ChardWorker
  /** The tasks that `serve` was called with, by name. None before it was called. */
  // biome-ignore lint/suspicious/noExplicitAny: tasks of any types
  served(): ReadonlyMap<string, Task<any, any>>
  /** @throws ChardError `invalid-id`, `unknown-job`, `gone`, `unavailable` */
  get(id: string): Promise<JobRecord>
  /**
   * Yields the record now and whenever it has changed, until the job is final, the time is up or `signal` aborts.
   * @throws as `get`
   */
  watch(id: string, timeout: Duration, signal?: AbortSignal): AsyncGenerator<JobRecord, void>
  /** The newest record once it is final or the time is up. @throws as `get` */
  wait(id: string, timeout: Duration, signal?: AbortSignal): Promise<JobRecord>
  /** Jobs of every shard, newest first. @throws ChardError `invalid-option` */
  list(query?: JobQuery): Promise<JobList>
  /**
   * Cancels a waiting job at once; a running handler learns it from its signal with the next beat.
   * @throws as `get`, and `wrong-state` when it is already final
   */
  cancel(id: string): Promise<JobRecord>
  /** Gives a job that has ended its policy's attempts anew. @throws as `get`, and `wrong-state` when it has not ended */
  redrive(id: string): Promise<JobRecord>
  /**
   * The kill switch, for a loop that has become a bill: halted, ledgers record and settle, but give out no work, send no
   * wake-up and arm no alarm, across restarts. `halt(false)` lets go, and what has become due meanwhile runs.
   * Answers the shards that did not hear it: ask again.
   */
  halt(on: boolean): Promise<{ missing: readonly number[] }>
  /** Counts, backlog, runners and alarms of every shard. */
  overview(): Promise<Overview>
}

/** What a Worker's entry exports. */
export interface ChardWorker {
  /** The consumer of the wake-ups and of their dead-letter queue. Never throws. */
  readonly queue: (batch: MessageBatch) => Promise<void>
  /** The watchdog, for the cron trigger: every ledger looks whether its alarm is armed. Never throws. */
  readonly scheduled: () => Promise<void>
  /** The Durable Object class. Export it under the name that wrangler.toml gives. */
  readonly Ledger: ReturnType<typeof ledgerClass>
  /** Lets a ledger start a runner without the queue. Export it as `Runner`; leave it out to switch that off. */
  readonly Runner: RunnerEntrypoint
}

type RunnerEntrypoint = new (
  ctx: ExecutionContext,
  env: Cloudflare.Env,
) => WorkerEntrypoint & { start(shard: number): Promise<void> }

/** A consumer invocation has 15 minutes; half a minute stays for what is not a job. */
const queueWallMs = 14.5 * 60_000
/** Work after a response, or after an RPC's answer, is cut after 30 s. */
const inlineWallMs = 29_500
const syncsMax = 500

/**
 * Sets up the engine of one deployment. Reads no binding yet, so that it can be called where modules are loaded.
 * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes
 */
export function createChard(options: ChardOptions = {}): Chard {
  const homes = count('shards', options.shards ?? 8, 1, 1_000)
  const spread = count('spread', options.spread ?? homes, homes, 1_000)
  const concurrency = count('runner.concurrency', options.runner?.concurrency ?? 10, 1, 100)
  const jobsMax = count('runner.jobs', options.runner?.jobs ?? 500, 1, 100_000)
  const historyBytesMax = count('historyBytesMax', options.historyBytesMax ?? 2 ** 30, 2 ** 20, 9 * 2 ** 30)
  const retentionMs = durationMs(options.retention ?? '7d', 'retention')
  const logsAttempts = oneOf('logs', options.logs ?? 'failures', ['failures', 'attempts']) === 'attempts'
  const platform = workerPlatform
  const bindings = new Bindings(options, () => platform.env())
  const stubs = (shard: number) => bindings.ledger(shard)
  const client = new Client({ homes, spread, platform, stubs })
  const enqueueChild = enqueueChildOf(client)
  let served: ServedTasks | undefined
  let servedByName: ReturnType<Chard['served']> = new Map()

  const runnerOf = (shard: number, tasks: ServedTasks, bounds: RunnerBounds, id?: string): Runner => {
    const sync = (request: SyncRequest) => callLedger({ stubs, platform }, shard, (ledger) => ledger.sync(request))
    return new Runner({ platform, sync, tasks, enqueueChild, logsAttempts }, bounds, id)
  }

  const runShard = (shard: number, tasks: ServedTasks, wallMs: number): Promise<RunReport> =>
    runnerOf(shard, tasks, { concurrency, jobsMax, syncsMax, wallMs }).run()

  const tiers: Parameters<typeof defineTask>[1] = {
    background: (task, request) => runInBackground({ platform, client, enqueueChild, logsAttempts }, task, request),
    enqueue: async (task, requests) => {
      const startsNow = requests.length === 1 && requests[0]?.options.startNow === true
      if (!startsNow) return (await client.enqueue(task, requests)).map(({ job }) => job)
      return [await startNow(task, requests)]
    },
  }

  /** Recorded first, leased to this isolate, run right here after the response: no queue hop. */
  const startNow = async (task: Task<never, never>['definition'], requests: Parameters<typeof client.enqueue>[1]) => {
    const sentAt = platform.now()
    const bounds = { concurrency: 1, jobsMax: 0, syncsMax, wallMs: inlineWallMs }
    const tasks = served ?? new ServedTasks([task])
    const id = newRunnerId(platform)
    const [recorded] = await client.enqueue(task, requests, {
      start: { kind: 'claim', runner: id, leaseMs: inlineWallMs },
    })
    const { job, claimed } = recorded as NonNullable<typeof recorded>
    if (claimed?.lease.startsWith(`${id}.`)) {
      const runner = runnerOf(shardOf(job.id), tasks, bounds, id)
      platform.waitUntil(
        platform.withCutAt(sentAt + inlineWallMs, async () => {
          await platform.sleep(0)
          runner.adopt(claimed, sentAt)
          await runner.run()
        }),
      )
    }
    return job
  }

  return {
    task: (taskOptions) => defineTask(taskOptions, tiers),
    serve(tasks) {
      const definitions = tasks.map(({ definition }) => definition)
      const known = new ServedTasks(definitions)
      served = known
      servedByName = new Map(tasks.map((task) => [task.name, task]))
      const policies = new Map<string, TaskPolicy>()
      for (const { name, retry, retentionMs: own, onFailed } of definitions) {
        policies.set(name, { retry, retentionMs: own, onFailed: onFailed !== undefined })
        policies.set(onFailedTask(name), { retry, retentionMs: own, onFailed: false })
      }
      const consumer = {
        platform,
        runShard: (shard: number) => runShard(shard, known, queueWallMs),
        isShard: (shard: number) => shard < Math.max(homes, spread),
      }
      return {
        async queue(batch) {
          // A dead-letter queue is told by its name: nothing but the convention ties it to its queue.
          if (/-dead$|-dlq$/.test(batch.queue)) reportDeadWakeUps(consumer, batch)
          else await answerWakeUps(consumer, batch)
        },
        async scheduled() {
          try {
            const { rearmed, missing } = await client.wakeAll()
            if (rearmed > 0 || missing.length > 0) platform.log('watchdog', { rearmed, missing })
          } catch (error) {
            platform.log('watchdog-failed', { error: String(error) })
          }
        },
        Ledger: ledgerClass({
          policy: (name) => policies.get(name) ?? { retry: defaultRetryPolicy, onFailed: false },
          retentionMs,
          historyBytesMax,
          random: () => platform.random(),
          sendWakeUps: (shard, wakeUps) => bindings.sendWakeUps(shard, wakeUps),
          startRunner: (shard) => {
            const entrypoint = (ownExports as { Runner?: { start(shard: number): Promise<void> } }).Runner
            return options.directStart === false || !entrypoint ? undefined : () => entrypoint.start(shard)
          },
        }),
        Runner: class extends WorkerEntrypoint {
          /** Answers at once and works on: the ledger must not be kept awake by what its runner does. */
          async start(shard: number): Promise<void> {
            this.ctx.waitUntil(runShard(shard, known, inlineWallMs))
          }
        },
      }
    },
    served: () => servedByName,
    get: (id) => client.get(id),
    watch: (id, timeout, signal) => client.watch(id, timeout, signal),
    wait: (id, timeout, signal) => client.wait(id, timeout, signal),
    list: (query) => client.list(query),
    cancel: (id) => client.cancel(id),
    redrive: (id) => client.redrive(id),
    halt: (on) => client.halt(on),
    overview: () => client.overview(),
  }
}

function count(option: string, value: number, min: number, max: number): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value
  throw new ChardError('invalid-option', `${option} is ${value}; it takes a whole number from ${min} to ${max}`)
}

function oneOf<T extends string>(option: string, value: T, takes: readonly T[]): T {
  if (takes.includes(value)) return value
  throw new ChardError(
    'invalid-option',
    `${option} is ${JSON.stringify(value)}; it takes ${takes.map((one) => `'${one}'`).join(' or ')}`,
  )
}
