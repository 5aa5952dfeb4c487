/**
 * The composition of the engine: connects client, runner and ledger to one another and to a platform. The only file that
 * knows them all. `createChard` gives it the platform of a Worker, a virtual platform gives its own.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { Bindings } from './bindings.ts'
import { enqueueChildOf } from './client/children.ts'
import {
  Client,
  type JobAmendment,
  type JobFilter,
  type JobList,
  type JobQuery,
  type Overview,
} from './client/client.ts'
import { Endings } from './client/completion-listeners.ts'
import { type BulkProgress, type Drained, type Steered, Steering } from './client/control.ts'
import { callLedger } from './client/remote.ts'
import { ScheduleBook, type Schedules } from './client/schedules.ts'
import { type ChartSpan, type Charts, type Metrics, readCharts, readMetrics } from './client/stats.ts'
import { type TaskList, taskList } from './client/task-list.ts'
import type { LedgerSizes } from './ledger/domain/sizes.ts'
import type { LedgerConfig } from './ledger/host/ledger.ts'
import type { SyncRequest } from './ledger/protocol/protocol.ts'
import type { Settings } from './ledger/protocol/settings.ts'
import type { TaskPolicy } from './ledger/transaction/context.ts'
import { type ChardOptions, checkedOptions } from './options.ts'
import { runInBackground } from './runner/background.ts'
import { answerWakeUps, reportDeadWakeUps } from './runner/consumers.ts'
import { Runner, type RunnerPorts, type RunReport } from './runner/runner.ts'
import { type StartNowPorts, startNow } from './runner/start-now.ts'
import { ServedTasks } from './runner/tasks.ts'
import type { Duration } from './task/duration.ts'
import { ChardError, type Snooze } from './task/errors.ts'
import type { Job, JobRecord } from './task/job.ts'
import { type CheckedLimits, checkedLimits, type TaskLimits } from './task/limits.ts'
import type { Platform } from './task/platform.ts'
import { defaultRetryPolicy } from './task/retry.ts'
import type { ScheduleOptions } from './task/schedule.ts'
import { serialised, validated } from './task/schema.ts'
import {
  checkedEnqueueOptions,
  defineTask,
  type EnqueueOptions,
  onFailedTask,
  type Task,
  type TaskDefinition,
  type TaskOptions,
} from './task/task.ts'
import { type Webhook, webhookOptions } from './webhook.ts'
import type { ChardWorker } from './worker.ts'

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
  /**
   * Gives a job that has ended its policy's attempts anew, with another input if one is given.
   * @throws as `get`, `wrong-state` when it has not ended, and for an input `invalid-input`, `too-large`, `unknown-task`
   */
  redrive(id: string, options?: { readonly input?: unknown }): Promise<JobRecord>
  /**
   * Changes the priority or the time of a waiting job.
   * @throws as `get`, `wrong-state` when it does not wait, `invalid-option`
   */
  amend(id: string, amendment: JobAmendment): Promise<JobRecord>
  /**
   * Cancels or redrives every job that a filter finds: begun by this call, worked off by the ledgers in slices, through
   * restarts. `bulk(id)` tells how far it is. Called again with the same key it begins nothing twice, and begins it where
   * shards were `missing`.
   * @throws ChardError `invalid-option`, `key-conflict`
   */
  cancelMany(filter: JobFilter, options?: { readonly idempotencyKey?: string }): Promise<BulkProgress>
  redriveMany(filter: JobFilter, options?: { readonly idempotencyKey?: string }): Promise<BulkProgress>
  /** @throws ChardError `unknown-bulk` */
  bulk(id: string): Promise<BulkProgress>
  /**
   * Begins no attempt of a task any more, or of any task; those that run go on, and jobs are still taken.
   * @throws ChardError `unavailable`
   */
  pause(task?: string): Promise<Steered>
  /** Ends a pause and a draining of a task, or of everything. @throws as `pause` */
  resume(task?: string): Promise<Steered>
  /**
   * Takes no new jobs of a task, or of any, and works off those it has; answers how many are left. `enqueue` is refused
   * with `draining` until `resume`. @throws as `pause`
   */
  drain(task?: string): Promise<Drained>
  /**
   * Sets other limits than the code's, of the kinds that the task declares; without limits the code's hold again.
   * @throws ChardError `unknown-task`, `invalid-option`, `unavailable`
   */
  setLimits(task: string, limits?: TaskLimits): Promise<Steered>
  /** What is set for the whole deployment. @throws ChardError `unavailable` */
  settings(): Promise<Settings>
  /** Every task that is served or recorded: its policy, what is set for it, and its jobs by state. */
  tasks(): Promise<TaskList>
  /** Enqueues a job of a task by its name, its schema enforced. @throws as `Task.enqueue`, and `unknown-task` */
  enqueue(task: string, input: unknown, options?: Omit<EnqueueOptions, 'startNow'>): Promise<Job>
  /**
   * Enqueues a job of a task at every slot of a cron rule or interval: one job a slot.
   * @throws ChardError `invalid-option`, `invalid-input`
   */
  schedule<Input>(options: ScheduleOptions<Input>): Schedule
  /** The schedules by name. */
  readonly schedules: Schedules
  /**
   * The kill switch, for a loop that has become a bill: halted, ledgers record and settle, but give out no work, send no
   * wake-up and arm no alarm, across restarts. `halt(false)` lets go, and what has become due meanwhile runs.
   * Answers the shards that did not hear it: ask again.
   */
  halt(on: boolean): Promise<{ missing: readonly number[] }>
  /** Counts, backlog, runners and alarms of every shard. */
  overview(): Promise<Overview>
  /**
   * What was counted of each task in the last hour, by minutes, or in the last day, by quarters of an hour: enqueued, how
   * attempts ended, how long jobs queued and ran.
   * @throws ChardError `invalid-option`
   */
  charts(options: { readonly span: ChartSpan }): Promise<Charts>
  /** The overview, and what was counted since the beginning: for counters, which never fall. */
  metrics(): Promise<Metrics>
}

/** A schedule in code, and what people do to it. */
export interface Schedule {
  readonly name: string
  get(): ReturnType<Schedules['get']>
  pause(): ReturnType<Schedules['pause']>
  resume(): ReturnType<Schedules['resume']>
  trigger(): ReturnType<Schedules['trigger']>
}

/** What a platform gives the engine. */
export interface EngineHost {
  readonly platform: Platform
  /** Starts a runner in an invocation of its own. Answers undefined where that is not possible. */
  readonly startRunner: () => ((shard: number) => Promise<void>) | undefined
  /** How much a ledger holds in memory and does at once. Default: the sizes of production. */
  readonly sizes?: LedgerSizes
}

/** What the platform calls once `serve` has named the tasks. */
export interface Service {
  readonly queue: (batch: MessageBatch) => Promise<void>
  readonly scheduled: () => Promise<void>
  /** What each ledger of this deployment is opened with. */
  readonly ledgers: LedgerConfig
  /** Runs a shard in the rest of an invocation that has answered. Never rejects. */
  readonly runShard: (shard: number) => Promise<void>
}

/** The engine over any platform. */
export type Engine = Omit<Chard, 'serve'> & {
  // biome-ignore lint/suspicious/noExplicitAny: a list of tasks of any types
  serve(tasks: readonly Task<any, any>[]): Service
}

/** A consumer invocation has 15 minutes; half a minute stays for what is not a job. */
const queueWallMs = 14.5 * 60_000
/** Work after a response, or after an RPC's answer, is cut after 30 s. */
const inlineWallMs = 29_500
const syncsMax = 500

/**
 * Sets up the engine of one deployment. Reads no binding yet, so that it can be called where modules are loaded.
 * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes
 */
export function composeEngine(options: ChardOptions, { platform, startRunner, sizes }: EngineHost): Engine {
  const checked = checkedOptions(options)
  const { homeShards, spread, concurrency, jobsMax, historyBytesMax, retentionMs, logsAttempts, webhook } = checked
  const bindings = new Bindings(options, () => platform.env())
  const stubs = (shard: number) => bindings.ledger(shard)
  const endings = new Endings()
  const client = new Client({ homeShards, spread, retentionMs, platform, stubs, endings })
  const steering = new Steering(client, platform)
  const book = new ScheduleBook(steering, homeShards)
  const enqueueChild = enqueueChildOf(client)
  let served: ServedTasks | undefined
  let servedByName: ReturnType<Chard['served']> = new Map()

  const portsOf = (shard: number, tasks: ServedTasks): RunnerPorts => {
    const sync = (request: SyncRequest) => callLedger({ stubs, platform }, shard, (ledger) => ledger.sync(request))
    return { platform, sync, tasks, enqueueChild, logsAttempts, onSettled: (ids) => endings.tell(ids) }
  }

  const runShard = (shard: number, tasks: ServedTasks, wallMs: number): Promise<RunReport> =>
    new Runner(portsOf(shard, tasks), { concurrency, jobsMax, syncsMax, wallMs }).run()

  const tiers: Parameters<typeof defineTask>[1] = {
    background: (task, request) => runInBackground({ platform, client, enqueueChild, logsAttempts }, task, request),
    enqueue: async (task, requests) => {
      const [first, second] = requests
      if (first?.options.startNow !== true || second)
        return (await client.enqueue(task, requests)).map(({ job }) => job)
      const bounds = { concurrency: 1, jobsMax: 0, syncsMax, wallMs: inlineWallMs }
      const tasks = served ?? new ServedTasks([task])
      const runnerOf: StartNowPorts['runnerOf'] = (shard, id, ears) =>
        new Runner({ ...portsOf(shard, tasks), ...ears }, bounds, id)
      return [await startNow({ platform, client, endings, runnerOf, wallMs: inlineWallMs }, task, first)]
    },
  }

  const messenger = (webhook: () => Webhook | undefined) => {
    const ports = { webhook, now: () => platform.now(), fetch: (url: string, init: RequestInit) => fetch(url, init) }
    // Its input is the engine's own, so there is nothing to check.
    const input = { '~standard': { version: 1, vendor: 'chard', validate: (value: unknown) => ({ value }) } } as const
    return defineTask({ ...webhookOptions(ports), input } as TaskOptions<StandardSchemaV1, unknown>, tiers)
  }

  const servedTask = (name: string): TaskDefinition => {
    const found = served?.get(name)
    if (found?.part === 'run') return found.task
    throw new ChardError('unknown-task', `no task ${name} is served here`)
  }

  const redrive = async (id: string, redriven?: { readonly input?: unknown }): Promise<JobRecord> => {
    if (redriven?.input === undefined) return client.redrive(id)
    const { task } = await client.get(id)
    const definition = servedTask(task)
    const input = serialised(redriven.input, task)
    await validated(definition.schema, JSON.parse(input), task)
    return client.redrive(id, input)
  }

  const setLimits = async (task: string, limits?: TaskLimits): Promise<Steered> => {
    const { limits: declared } = servedTask(task)
    if (limits) refuseUndeclared(task, declared, checkedLimits(limits, task))
    return steering.change({ kind: 'limits', task, limits })
  }

  const about = (task: string | undefined) => {
    if (task !== undefined && typeof task !== 'string')
      throw new ChardError('invalid-option', `task is ${JSON.stringify(task)}; it takes a task's name, or nothing`)
    return task === undefined ? {} : { task }
  }

  return {
    task: (taskOptions) => defineTask(taskOptions, tiers),
    serve(given) {
      const tasks = webhook ? [...given, messenger(webhook)] : given
      const definitions = tasks.map(({ definition }) => definition)
      const known = new ServedTasks(definitions)
      served = known
      servedByName = new Map(tasks.map((task) => [task.name, task]))
      const policies = new Map<string, TaskPolicy>()
      for (const { name, retry, retentionMs: own, onFailed, limits } of definitions) {
        policies.set(name, { retry, retentionMs: own, onFailed: onFailed !== undefined, limits })
        policies.set(onFailedTask(name), { retry, retentionMs: own, onFailed: false })
      }
      const consumer = {
        platform,
        runShard: (shard: number) => runShard(shard, known, queueWallMs),
        isShard: (shard: number) => shard < Math.max(homeShards, spread),
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
        ledgers: {
          policy: (name) => policies.get(name) ?? { retry: defaultRetryPolicy, onFailed: false },
          retentionMs,
          historyBytesMax,
          ...(sizes && { sizes }),
          platform,
          schedules: (shard) => book.onShard(shard),
          serves: (name) => policies.has(name),
          notifies: () => isSet(webhook),
          sendWakeUps: (shard, wakeUps) => bindings.sendWakeUps(shard, wakeUps),
          startRunner: (shard) => {
            const start = options.directStart === false ? undefined : startRunner()
            return start && (() => start(shard))
          },
        },
        runShard: (shard) =>
          runShard(shard, known, inlineWallMs).then((report) =>
            platform.log('runner', { shard, ...report, direct: true }),
          ),
      }
    },
    served: () => servedByName,
    get: (id) => client.get(id),
    watch: (id, timeout, signal) => client.watch(id, timeout, signal),
    wait: (id, timeout, signal) => client.wait(id, timeout, signal),
    list: (query) => client.list(query),
    cancel: (id) => client.cancel(id),
    redrive,
    amend: (id, amendment) => client.amend(id, amendment),
    cancelMany: (filter, { idempotencyKey } = {}) => steering.bulk('cancel', filter, idempotencyKey),
    redriveMany: (filter, { idempotencyKey } = {}) => steering.bulk('redrive', filter, idempotencyKey),
    bulk: (id) => steering.bulkProgress(id),
    pause: async (task) => steering.change({ kind: 'pause', ...about(task) }),
    resume: async (task) => steering.change({ kind: 'resume', ...about(task) }),
    drain: async (task) => steering.drain(about(task).task),
    setLimits,
    settings: () => steering.settings(),
    tasks: async () => taskList(served?.definitions ?? [], await client.overview(), await steering.settings()),
    async enqueue(name, input, enqueueOptions = {}) {
      const request = { input, options: checkedEnqueueOptions(enqueueOptions) }
      const [recorded] = await client.enqueue(servedTask(name), [request])
      return recorded?.job as Job
    },
    schedule(scheduleOptions) {
      const name = book.add(scheduleOptions)
      const { get, pause, resume, trigger } = book
      return {
        name,
        get: () => get(name),
        pause: () => pause(name),
        resume: () => resume(name),
        trigger: () => trigger(name),
      }
    },
    schedules: book,
    halt: (on) => client.halt(on),
    overview: () => client.overview(),
    charts: ({ span }) => readCharts(client, platform, span),
    metrics: () => readMetrics(client),
  }
}

/** A function of the app's that throws must not keep a ledger from recording that a job has failed. */
function isSet(webhook: (() => Webhook | undefined) | undefined): boolean {
  try {
    return webhook?.() !== undefined
  } catch {
    return false
  }
}

/** A limit that the code does not declare would hold on each shard by itself: its jobs were not brought together. */
function refuseUndeclared(task: string, declared: CheckedLimits, set: CheckedLimits): void {
  for (const of of ['whole', 'each'] as const) {
    for (const kind of ['rate', 'concurrency'] as const) {
      if (set[of][kind] === undefined || declared[of][kind] !== undefined) continue
      const option = `${of === 'each' ? 'perPartition.' : ''}${kind === 'rate' ? 'rateLimit' : kind}`
      throw new ChardError(
        'invalid-option',
        `task ${task} declares no ${option}; it takes other values for the limits that its code declares`,
      )
    }
  }
}
