/**
 * A whole deployment in one process and one seed: ledgers, a queue, consumers, the Worker that enqueues. Every part of
 * the engine in it is the real one but its composition, which in a Worker is `createChard`; the platform is virtual.
 * Bare: its ledgers' databases are given, so that it runs in Node and in workerd alike.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { enqueueChildOf } from '../../../src/engine/client/children.ts'
import { Client } from '../../../src/engine/client/client.ts'
import { CompletionListeners } from '../../../src/engine/client/completion-listeners.ts'
import { DeploymentControl } from '../../../src/engine/client/control.ts'
import { callLedger } from '../../../src/engine/client/remote.ts'
import { ScheduleRegistry } from '../../../src/engine/client/schedules.ts'
import type { SyncRequest } from '../../../src/engine/ledger/protocol/protocol.ts'
import type { TaskPolicy } from '../../../src/engine/ledger/transaction/context.ts'
import { runInBackground } from '../../../src/engine/runner/background.ts'
import { answerWakeUps } from '../../../src/engine/runner/consumers.ts'
import { Runner, type RunnerBounds, type RunnerListeners, type RunReport } from '../../../src/engine/runner/runner.ts'
import { type StartNowPorts, startNow } from '../../../src/engine/runner/start-now.ts'
import { ServedTasks } from '../../../src/engine/runner/tasks.ts'
import { defineTask } from '../../../src/engine/task/define-task.ts'
import type { Snooze } from '../../../src/engine/task/handler-outcomes.ts'
import type { Job, JobRecord } from '../../../src/engine/task/job.ts'
import { onFailedTask } from '../../../src/engine/task/names.ts'
import { defaultRetryPolicy } from '../../../src/engine/task/retry.ts'
import type { Task, TaskDefinition, TaskRequest } from '../../../src/engine/task/task.ts'
import type { TaskOptions } from '../../../src/engine/task/task-options.ts'
import { Chance } from './chance.ts'
import { Clock } from './clock.ts'
import { Isolate } from './isolate.ts'
import { VirtualLedger, type VirtualSql } from './virtual-ledger.ts'
import { VirtualQueue } from './virtual-queue.ts'

export interface WorldOptions {
  readonly seed?: number
  /** Ledgers there are. Default 1. */
  readonly shards?: number
  /** Shards with keys, when fewer. */
  readonly homeShards?: number
  /** Whether a ledger may start a runner by itself. Default false. */
  readonly directStart?: boolean
  readonly bounds?: Partial<RunnerBounds>
  readonly bindings?: object
  /** Whether idle ledgers forget their memory. Default false. */
  readonly hibernates?: boolean
}

export interface BareWorldOptions extends WorldOptions {
  /** Opens the database of one ledger, empty. */
  readonly sql: () => VirtualSql
}

/** A job in a line, as it is on disk. */
export interface JobLine extends Pick<JobRecord, 'id' | 'task' | 'state' | 'attempt' | 'maxAttempts'> {}

export const defaultBounds: RunnerBounds = { concurrency: 10, jobsMax: 500, syncsMax: 500, wallMs: 14.5 * 60_000 }
/** What goes on after a response, and the invocation in which a ledger starts a runner, is cut after half a minute. */
const directWallMs = 29_500

export class BareWorld {
  readonly clock = new Clock()
  readonly chance: Chance
  readonly ledgers: readonly VirtualLedger[]
  readonly queue: VirtualQueue
  /** The invocations that runners had, oldest first. */
  readonly consumers: Isolate[] = []
  readonly reports: RunReport[] = []
  /** Runners that ledgers have started by themselves. */
  directStarts = 0
  bounds: RunnerBounds
  /** The schedules of the code. */
  readonly schedules: ScheduleRegistry
  /** The invocation that enqueues and asks. */
  web: Isolate
  readonly #options: BareWorldOptions
  readonly #served: TaskDefinition[] = []
  readonly #policies = new Map<string, TaskPolicy>()
  readonly #listeners = new CompletionListeners()
  #client: Client

  constructor(options: BareWorldOptions) {
    this.#options = options
    this.chance = new Chance(options.seed ?? 1)
    this.bounds = { ...defaultBounds, ...options.bounds }
    this.queue = new VirtualQueue(this.clock, (shard) => this.#consume(shard))
    this.ledgers = Array.from({ length: options.shards ?? 1 }, (_, shard) => this.#ledger(shard))
    this.web = this.isolate()
    this.#client = this.clientOf(this.web, this.#listeners)
    this.schedules = new ScheduleRegistry(this.#client, this.web, options.homeShards ?? this.ledgers.length)
  }

  /** What people do to the whole deployment, from the invocation that there is. */
  get control(): DeploymentControl {
    return new DeploymentControl(this.#client)
  }

  get client(): Client {
    return this.#client
  }

  ledger(shard = 0): VirtualLedger {
    return this.ledgers[shard] as VirtualLedger
  }

  /** Another invocation. */
  isolate(): Isolate {
    return new Isolate(this.clock, this.chance, this.#options.bindings)
  }

  /** From now on another invocation enqueues and asks. */
  newWeb(): Isolate {
    this.web = this.isolate()
    this.#client = this.clientOf(this.web, this.#listeners)
    return this.web
  }

  /** Defines a task and serves it. */
  task<Schema extends StandardSchemaV1, Result>(
    options: TaskOptions<Schema, Result>,
  ): Task<StandardSchemaV1.InferInput<Schema>, Exclude<Awaited<Result>, Snooze>> {
    const task = this.unservedTask(options)
    this.#served.push(task.definition)
    return task
  }

  /** Defines a task that no runner knows. */
  unservedTask<Schema extends StandardSchemaV1, Result>(
    options: TaskOptions<Schema, Result>,
  ): Task<StandardSchemaV1.InferInput<Schema>, Exclude<Awaited<Result>, Snooze>> {
    const task = defineTask(options, {
      background: (definition, request) => runInBackground(this.#backgroundPorts(), definition, request),
      enqueue: async (definition, requests) => {
        const [first, second] = requests
        if (first?.options.startNow && !second) return [await this.#startNow(definition, first)]
        return (await this.#client.enqueue(definition, requests)).map(({ job }) => job)
      },
    })
    const { name, retry, retentionMs, onFailed, limits } = task.definition
    this.#policies.set(name, { retry, retentionMs, onFailed: onFailed !== undefined, limits })
    this.#policies.set(onFailedTask(name), { retry, retentionMs, onFailed: false })
    return task
  }

  /** Serves a task that was not served before, as a deploy does. */
  serve({ definition }: Pick<Task<never, never>, 'definition'>): void {
    this.#served.push(definition)
  }

  /** A runner of a shard, in an invocation of its own. */
  runner(
    shard = 0,
    bounds: Partial<RunnerBounds> = {},
    isolate = this.isolate(),
    id?: string,
    listeners: RunnerListeners = {},
  ): Runner {
    const sync = (request: SyncRequest) =>
      callLedger({ stubs: this.#stubs(isolate), platform: isolate }, shard, (ledger) => ledger.sync(request))
    return new Runner(
      {
        platform: isolate,
        sync,
        tasks: new ServedTasks(this.#served),
        enqueueChild: enqueueChildOf(this.clientOf(isolate)),
        logsAttempts: false,
        ...listeners,
      },
      { ...this.bounds, ...bounds },
      id,
    )
  }

  clientOf(isolate: Isolate, listeners = new CompletionListeners()): Client {
    const { homeShards = this.ledgers.length } = this.#options
    return new Client({
      retentionMs: 7 * 86_400_000,
      homeShards,
      shards: this.ledgers.length,
      platform: isolate,
      stubs: this.#stubs(isolate),
      listeners,
    })
  }

  /** Lets time pass until a promise is settled. */
  until<T>(promise: Promise<T>): Promise<T> {
    return this.clock.until(promise)
  }

  /** Lets time pass until no job waits or runs, and nothing goes on in the background that may become one. */
  async untilFinal(): Promise<void> {
    const isInBackground = () => this.web.unfinished > 0 && !this.web.isDead
    await this.clock.runWhile(() => isInBackground() || this.ledgers.some(hasUnfinished))
  }

  /** Lets time pass until every invocation has come to its end. Alarms stay. */
  async untilQuiet(): Promise<void> {
    await this.clock.runWhile(() => this.clock.pending() > this.clock.pending('alarm'))
  }

  /** A job as it is recorded, without an RPC. */
  record(id: string): Promise<JobRecord> {
    return this.until(this.clientOf(this.isolate()).get(id))
  }

  /** Every job that is recorded, in the order of the ids of each shard. */
  jobs(): JobLine[] {
    const query = 'SELECT id, task, state, attempt, max_attempts AS maxAttempts FROM jobs ORDER BY id'
    return this.ledgers.flatMap((ledger) => ledger.rows<JobLine>(query))
  }

  #stubs(isolate: Isolate) {
    return (shard: number) => this.ledger(shard).stub(isolate)
  }

  #startNow(definition: TaskDefinition, request: TaskRequest): Promise<Job<never>> {
    const bounds = { concurrency: 1, jobsMax: 0, wallMs: directWallMs }
    const runnerOf: StartNowPorts['runnerOf'] = (shard, id, own) => this.runner(shard, bounds, this.web, id, own)
    const ports = {
      platform: this.web,
      client: this.#client,
      listeners: this.#listeners,
      runnerOf,
      wallMs: directWallMs,
    }
    return startNow(ports, definition, request)
  }

  #backgroundPorts(): Parameters<typeof runInBackground>[0] {
    const [platform, client] = [this.web, this.#client]
    return { platform, client, enqueueChild: enqueueChildOf(client), logsAttempts: false }
  }

  #ledger(shard: number): VirtualLedger {
    const startRunner = async () => {
      this.directStarts++
      void this.#runShard(shard, this.#newConsumer(), directWallMs)
    }
    return new VirtualLedger(shard, {
      sql: this.#options.sql(),
      hibernates: this.#options.hibernates ?? false,
      clock: this.clock,
      chance: this.chance,
      policy: (name) => this.#policies.get(name) ?? { retry: defaultRetryPolicy, onFailed: false },
      schedules: () => this.schedules.onShard(shard),
      serves: (name) => this.#policies.has(name),
      retentionMs: 7 * 24 * 3_600_000,
      sendWakeUps: (count) => this.queue.send(shard, count),
      startRunner: this.#options.directStart ? startRunner : undefined,
    })
  }

  #newConsumer(): Isolate {
    const isolate = this.isolate()
    this.consumers.push(isolate)
    return isolate
  }

  async #runShard(shard: number, isolate: Isolate, wallMs = this.bounds.wallMs): Promise<RunReport> {
    const report = await this.runner(shard, { wallMs }, isolate).run()
    this.reports.push(report)
    return report
  }

  #consume(shard: number): void {
    const platform = this.#newConsumer()
    const message = { id: '1', body: { shard }, ack: () => {} }
    const ports = {
      platform,
      runShard: (known: number) => this.#runShard(known, platform),
      isShard: (known: number) => known < this.ledgers.length,
    }
    platform.waitUntil(answerWakeUps(ports, { queue: 'chard-jobs', messages: [message] } as unknown as MessageBatch))
  }
}

function hasUnfinished(ledger: VirtualLedger): boolean {
  const unfinished = `SELECT 1 FROM jobs WHERE state NOT IN ('completed', 'failed', 'cancelled') LIMIT 1`
  return ledger.rows(unfinished).length > 0
}
