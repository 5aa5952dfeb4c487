/**
 * The composition of the engine: connects client, runner and ledger to one another and to a platform. The only file that
 * knows them all. `createChard` gives it the platform of a Worker, a virtual platform gives its own.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Chard } from './api.ts'
import { Bindings } from './bindings.ts'
import { enqueueChildOf } from './client/children.ts'
import { Client } from './client/client.ts'
import { CompletionListeners } from './client/completion-listeners.ts'
import { DeploymentControl } from './client/control.ts'
import { jobsOf } from './client/jobs.ts'
import { callLedger } from './client/remote.ts'
import { ScheduleBook } from './client/schedules.ts'
import { statsOf } from './client/stats.ts'
import { tasksOf } from './client/tasks.ts'
import type { LedgerConfig } from './ledger/host/ledger.ts'
import type { SyncRequest } from './ledger/protocol/protocol.ts'
import type { TaskPolicy } from './ledger/transaction/context.ts'
import { type ChardOptions, checkedOptions } from './options.ts'
import { runInBackground } from './runner/background.ts'
import { answerWakeUps, reportDeadWakeUps } from './runner/consumers.ts'
import { Runner, type RunnerPorts, type RunReport } from './runner/runner.ts'
import { type StartNowPorts, startNow } from './runner/start-now.ts'
import { ServedTasks } from './runner/tasks.ts'
import { ChardError } from './task/errors.ts'
import type { Platform } from './task/platform.ts'
import { defaultRetryPolicy } from './task/retry.ts'
import { defineTask, onFailedTask, type Task, type TaskDefinition, type TaskOptions } from './task/task.ts'
import { type Webhook, webhookOptions } from './webhook.ts'

/** What a platform gives the engine. */
export interface EngineHost {
  readonly platform: Platform
  /** Starts a runner in an invocation of its own. Answers undefined where that is not possible. */
  readonly startRunner: () => ((shard: number) => Promise<void>) | undefined
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
export function composeEngine(options: ChardOptions, { platform, startRunner }: EngineHost): Engine {
  const checked = checkedOptions(options)
  const { homeShards, shards, concurrency, jobsMax, historyBytesMax, retentionMs, logsAttempts, webhook } = checked
  const bindings = new Bindings(options, () => platform.env())
  const stubs = (shard: number) => bindings.ledger(shard)
  const listeners = new CompletionListeners()
  const client = new Client({ homeShards, shards, retentionMs, platform, stubs, listeners })
  const control = new DeploymentControl(client, platform)
  const book = new ScheduleBook(control, homeShards)
  const enqueueChild = enqueueChildOf(client)
  let served: ServedTasks | undefined
  let servedByName: ReturnType<Chard['tasks']['served']> = new Map()

  const portsOf = (shard: number, tasks: ServedTasks): RunnerPorts => {
    const sync = (request: SyncRequest) => callLedger({ stubs, platform }, shard, (ledger) => ledger.sync(request))
    return { platform, sync, tasks, enqueueChild, logsAttempts, onSettled: (ids) => listeners.notify(ids) }
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
      const runnerOf: StartNowPorts['runnerOf'] = (shard, id, own) =>
        new Runner({ ...portsOf(shard, tasks), ...own }, bounds, id)
      return [await startNow({ platform, client, listeners, runnerOf, wallMs: inlineWallMs }, task, first)]
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
        isShard: (shard: number) => shard < shards,
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
    jobs: jobsOf({ client, control, servedTask }),
    tasks: tasksOf({ client, control, served: () => servedByName, servedTask }),
    schedules: book,
    stats: statsOf(client, platform),
    pause: () => control.change({ kind: 'pause' }),
    resume: () => control.change({ kind: 'resume' }),
    drain: () => control.drain(undefined),
    settings: () => control.settings(),
    halt: (on) => client.halt(on),
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
