/**
 * A whole deployment in one process, on a clock that a test moves: the Worker, its ledgers, its queue, its cron trigger.
 * The engine in it is the real one, composed as in a Worker. The same seed gives the same history.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Schedule } from '../engine/api.ts'
import { composeEngine, type Engine } from '../engine/compose.ts'
import type { ChardOptions } from '../engine/options.ts'
import type { RunReport } from '../engine/runner/runner.ts'
import type { Service } from '../engine/service.ts'
import type { Snooze } from '../engine/task/handler-outcomes.ts'
import type { JobRecord } from '../engine/task/job.ts'
import type { ScheduleOptions } from '../engine/task/schedule.ts'
import type { Task } from '../engine/task/task.ts'
import type { TaskOptions } from '../engine/task/task-options.ts'
import { Chance } from './chance.ts'
import { Clock } from './clock.ts'
import { Cloud } from './cloud.ts'
import type { Invocation } from './invocation.ts'
import { Isolate } from './isolate.ts'
import type { VirtualLedger } from './ledger.ts'
import type { Observer } from './observer.ts'
import type { VirtualQueue } from './queue.ts'
import type { Database } from './storage.ts'

export interface WorldOptions {
  /** Default 1. */
  readonly seed?: number
  /** How many ledgers there are. Default 1. */
  readonly shards?: number
  /** Where jobs with a key live, when these are fewer. Default: every shard. */
  readonly homeShards?: number
  /** Whether a ledger whose wake-up is not answered starts a runner itself. Default false. */
  readonly directStart?: boolean
  /** Whether idle ledgers forget their memory. Default false. */
  readonly hibernates?: boolean
  /** Bindings of the Worker, beside those that the engine needs. */
  readonly bindings?: object
  /** Is told what happens. */
  readonly observer?: Observer
  /** Opens the database of one ledger, empty. */
  readonly database: (shard: number) => Database
}

/** A job as it is on disk. */
export interface JobLine extends Pick<JobRecord, 'id' | 'task' | 'state' | 'attempt' | 'maxAttempts'> {}

/** What the watchdog has found: how many ledgers had lost their alarm, and which shards did not answer. */
export interface WatchdogReport {
  readonly rearmed: number
  readonly missing: readonly number[]
}

// biome-ignore lint/suspicious/noExplicitAny: a task of any types
type AnyTask = Task<any, any>

export class World {
  readonly clock = new Clock()
  readonly chance: Chance
  readonly cloud: Cloud
  /** The engine as the Worker's requests use it. */
  readonly chard: Engine
  /** The invocations that runners had, oldest first. */
  readonly consumers: Invocation[] = []
  /** The request that code runs in which a test itself calls. The platform never cuts it. */
  web: Invocation
  /**
   * The engine as queue consumers and ledgers have it, in an isolate of their own: notes that pass within an isolate do
   * not reach a request.
   */
  readonly #runners: Engine
  readonly #served: AnyTask[] = []
  readonly #isolates: { readonly web: Isolate; readonly runners: Isolate }

  constructor(options: WorldOptions) {
    const { shards = 1, homeShards = shards, directStart = false, observer = {} } = options
    this.chance = new Chance(options.seed ?? 1)
    this.cloud = new Cloud({
      clock: this.clock,
      random: () => this.chance.random(),
      shards,
      database: options.database,
      hibernates: options.hibernates ?? false,
      observer: { ...observer, opened: (invocation) => this.#opened(invocation, observer) },
      isolateFor: (kind) => this.#isolates[kind === 'web' ? 'web' : 'runners'],
      outside: () => this.web,
    })
    const chardOptions: ChardOptions = { shards, homeShards, directStart }
    this.chard = composeEngine(chardOptions, this.cloud.host)
    this.#runners = composeEngine(chardOptions, this.cloud.host)
    this.#isolates = { web: this.#isolate('web', options), runners: this.#isolate('runners', options) }
    this.web = this.invocation()
  }

  get queue(): VirtualQueue {
    return this.cloud.queue
  }

  get ledgers(): readonly VirtualLedger[] {
    return this.cloud.ledgers
  }

  ledger(shard = 0): VirtualLedger {
    return this.cloud.ledger(shard)
  }

  /** How many runners ledgers have started without the queue. */
  get directStarts(): number {
    return this.cloud.directStarts
  }

  /** What the runners have done, by the order in which they were invoked. */
  get reports(): readonly RunReport[] {
    return this.consumers.flatMap((invocation) => invocation.events('runner') as unknown as RunReport[])
  }

  /** Another invocation of the Worker. Code runs in it by `invocation.run`. */
  invocation(): Invocation {
    return this.cloud.invocation('web', this.#isolates.web, Number.POSITIVE_INFINITY)
  }

  /** From now on another request calls. */
  newWeb(): Invocation {
    this.web = this.invocation()
    return this.web
  }

  /** Defines a task and serves it. */
  task<Schema extends StandardSchemaV1, Result>(
    options: TaskOptions<Schema, Result>,
  ): Task<StandardSchemaV1.InferInput<Schema>, Exclude<Awaited<Result>, Snooze>> {
    const task = this.unservedTask(options)
    this.serve(task)
    return task
  }

  /** Defines a task that no runner knows. */
  unservedTask<Schema extends StandardSchemaV1, Result>(
    options: TaskOptions<Schema, Result>,
  ): Task<StandardSchemaV1.InferInput<Schema>, Exclude<Awaited<Result>, Snooze>> {
    return this.chard.task(options)
  }

  /** Serves a task that was not served before, as a deploy does. */
  serve(task: AnyTask): void {
    this.#served.push(task)
    this.chard.serve(this.#served)
  }

  /** Enqueues a job at every slot of a rule. */
  schedule<Input>(options: ScheduleOptions<Input>): Schedule {
    this.#runners.schedule(options)
    return this.chard.schedule(options)
  }

  /** The cron trigger fires once. */
  async watchdog(): Promise<WatchdogReport> {
    const [report] = (await this.cloud.cron()).events('watchdog') as unknown as WatchdogReport[]
    return { rearmed: report?.rearmed ?? 0, missing: report?.missing ?? [] }
  }

  /** Moves the clock until a promise has settled. */
  until<T>(promise: Promise<T>): Promise<T> {
    return this.clock.until(promise)
  }

  /** Moves the clock until every job is final, and the request has no background work left that may become one. */
  async untilFinal(): Promise<void> {
    const isInBackground = () => this.web.unfinished > 0 && !this.web.isDead
    await this.clock.runWhile(() => isInBackground() || this.ledgers.some(hasUnfinished))
  }

  /** Moves the clock until every invocation has ended. Alarms stay armed. */
  async untilQuiet(): Promise<void> {
    await this.clock.runWhile(() => this.clock.pending() > this.clock.pending('alarm'))
  }

  /** A job's record, asked for by another request. */
  record(id: string): Promise<JobRecord> {
    return this.until(this.invocation().run(() => this.chard.jobs.get(id)))
  }

  /** Every job that is recorded, in the order of the ids of each shard. */
  jobs(): JobLine[] {
    const query = 'SELECT id, task, state, attempt, max_attempts AS maxAttempts FROM jobs ORDER BY id'
    return this.ledgers.flatMap((ledger) => ledger.rows<JobLine>(query))
  }

  #isolate(name: 'web' | 'runners', { bindings = {} }: WorldOptions): Isolate {
    return new Isolate({
      name,
      program: { service: this.#service(name === 'web' ? this.chard : this.#runners) },
      around: this.cloud.around,
      bindings: { ...bindings, ...this.cloud.bindings },
    })
  }

  /** The service of an engine, with the tasks that are served when it is used. */
  #service(engine: Engine): Service {
    let known: { readonly tasks: number; readonly service: Service } | undefined
    const current = () => {
      if (known?.tasks !== this.#served.length)
        known = { tasks: this.#served.length, service: engine.serve(this.#served) }
      return known.service
    }
    return {
      ...current(),
      queue: (batch) => current().queue(batch),
      runShard: (shard) => current().runShard(shard),
      ledgers: {
        ...current().ledgers,
        policy: (task) => current().ledgers.policy(task),
        serves: (task) => current().ledgers.serves(task),
      },
    }
  }

  #opened(invocation: Invocation, observer: Observer): void {
    if (invocation.kind === 'queue' || invocation.kind === 'direct') this.consumers.push(invocation)
    observer.opened?.(invocation)
  }
}

function hasUnfinished(ledger: VirtualLedger): boolean {
  const unfinished = `SELECT 1 FROM jobs WHERE state NOT IN ('completed', 'failed', 'cancelled') LIMIT 1`
  return ledger.rows(unfinished).length > 0
}
