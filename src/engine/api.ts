/** What `createChard` returns: the whole engine of one deployment, as an application sees it. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { DrainResult, SettingsResult } from './client/control.ts'
import type { Jobs } from './client/jobs.ts'
import type { Schedules } from './client/schedules.ts'
import type { Stats } from './client/stats.ts'
import type { Tasks } from './client/tasks.ts'
import type { Settings } from './ledger/protocol/settings.ts'
import type { Snooze } from './task/handler-outcomes.ts'
import type { ScheduleOptions } from './task/schedule.ts'
import type { Task } from './task/task.ts'
import type { TaskOptions } from './task/task-options.ts'
import type { ChardWorker } from './worker.ts'

/** The engine of one deployment. */
export interface Chard {
  /**
   * Defines a task: what validates its input and what does its work. Pass it to `serve` too.
   *
   *     export const drawAvatar = chard.task({
   *       name: 'draw-avatar',
   *       input: z.object({ userId: z.number() }),
   *       run: async ({ userId }, { env, signal }) => draw(env, userId, signal),
   *     })
   *     const job = await drawAvatar.enqueue({ userId: 123 })
   *
   * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes
   */
  task<Schema extends StandardSchemaV1, Result>(
    options: TaskOptions<Schema, Result>,
  ): Task<StandardSchemaV1.InferInput<Schema>, Exclude<Awaited<Result>, Snooze>>
  /**
   * Enqueues a job of a task at every slot of a cron rule or an interval: one job a slot.
   *
   *     chard.schedule({ name: 'nightly', cron: '0 3 * * *', timezone: 'Europe/Berlin', task: sendDigest, input: {} })
   *
   * @throws ChardError `invalid-option`; `invalid-input` and `too-large` for the input
   */
  schedule<Input>(options: ScheduleOptions<Input>): Schedule
  /**
   * The queue consumer, the cron handler and the classes that the Worker's entry exports. Call it once, with every task.
   * @throws ChardError `invalid-option` when two tasks have one name
   */
  // biome-ignore lint/suspicious/noExplicitAny: a list of tasks of any types
  serve(tasks: readonly Task<any, any>[]): ChardWorker
  /** Jobs: one by one, in lists, and many at once. */
  readonly jobs: Jobs
  /** Tasks: which there are, and what is set for each. */
  readonly tasks: Tasks
  /** Schedules by name. */
  readonly schedules: Schedules
  /** The deployment now and over time. */
  readonly stats: Stats
  /**
   * Starts no attempts of any task until `resume`. Running attempts go on, and new jobs are accepted.
   * @throws ChardError `unavailable`
   */
  pause(): Promise<SettingsResult>
  /** Ends a pause or a draining of the whole deployment. What is set for single tasks stays. @throws as `pause` */
  resume(): Promise<SettingsResult>
  /**
   * Accepts no new jobs of any task until `resume`, and works off those there are. `left` says how many are not final yet.
   * Meanwhile `enqueue` throws `draining`.
   * @throws as `pause`
   */
  drain(): Promise<DrainResult>
  /** What is paused, draining or limited by hand. @throws ChardError `unavailable` */
  settings(): Promise<Settings>
  /**
   * The kill switch, for a loop that runs up costs. While it is on, ledgers record and settle, but start no attempts, send
   * no wake-ups and set no alarms, also after restarts. `halt(false)` switches it off, and what became due meanwhile runs.
   * Returns the shards that did not answer: call it again for those.
   */
  halt(on: boolean): Promise<{ missing: readonly number[] }>
}

/** A schedule that this code has defined. */
export interface Schedule {
  readonly name: string
  /** As `chard.schedules.get`. */
  get(): ReturnType<Schedules['get']>
  /** As `chard.schedules.pause`. */
  pause(): ReturnType<Schedules['pause']>
  /** As `chard.schedules.resume`. */
  resume(): ReturnType<Schedules['resume']>
  /** As `chard.schedules.trigger`. */
  trigger(): ReturnType<Schedules['trigger']>
}
