/**
 * The ledgers of a deployment as one: enqueue jobs, look at them, wait for them, and change one by its id. Makes ids,
 * finds the shard of a job, and merges what shards answer. It decides nothing about a job; its ledger does.
 */
import type { Enqueued, NewJob } from '../ledger/protocol/enqueue.ts'
import type { Refusal } from '../ledger/protocol/refusal.ts'
import type { LedgerRpc } from '../ledger/protocol/verbs.ts'
import { type Duration, durationMs } from '../task/duration.ts'
import { checkedAt, checkedPriority } from '../task/enqueue-options.ts'
import { ChardError } from '../task/errors.ts'
import type { Job, JobRecord } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import type { TaskDefinition, TaskRequest } from '../task/task.ts'
import { CompletionListeners } from './completion-listeners.ts'
import { Enqueuer, type Recorded, type Recording } from './enqueuer.ts'
import { jobHandle } from './job-handle.ts'
import { type JobList, type JobQuery, JobSearch } from './job-search.ts'
import { JobWatcher } from './job-watcher.ts'
import { type LedgerStubs, Ledgers } from './ledgers.ts'
import { type Overview, overviewOf } from './overview.ts'

/** What of a waiting job is changed. Give one or more. */
export interface JobUpdate {
  /** -1000 to 1000; a higher one is served first. */
  readonly priority?: number
  /** Not before this time; one in the past means now. In place of `delay`. */
  readonly at?: Date
  /** Not before this long from now. In place of `at`. */
  readonly delay?: Duration
}

export interface ClientOptions {
  /** Shards in use: at least `homeShards`. */
  readonly shards: number
  /** Where jobs with a key, a partition or a limited task are. */
  readonly homeShards: number
  /** How long a finished job is kept, unless its task says otherwise. */
  readonly retentionMs: number
  readonly platform: Platform
  readonly stubs: LedgerStubs
  /** Notified of the end of jobs that run in this isolate. Default: nobody is. */
  readonly listeners?: CompletionListeners
}

/** The handle of a recorded job and, when its caller runs the first attempt, the claim. */
export interface RecordedJob extends Pick<Recorded, 'claimed'> {
  readonly job: Job<never>
}

export class Client {
  readonly #ledgers: Ledgers
  readonly #enqueuer: Enqueuer
  readonly #watcher: JobWatcher
  readonly #search: JobSearch

  constructor({ listeners = new CompletionListeners(), ...options }: ClientOptions) {
    const { platform } = options
    this.#ledgers = new Ledgers(options)
    this.#enqueuer = new Enqueuer({ ...options, ledgers: this.#ledgers })
    this.#watcher = new JobWatcher({ get: (id) => this.get(id), listeners, platform })
    this.#search = new JobSearch(this.#ledgers)
  }

  /** As `Enqueuer.enqueue`, with the handles of the jobs. */
  async enqueue(
    task: TaskDefinition,
    requests: readonly TaskRequest[],
    recording: Recording = {},
  ): Promise<RecordedJob[]> {
    const recorded = await this.#enqueuer.enqueue(task, requests, recording)
    return recorded.map(({ enqueued, claimed }) => ({ job: this.jobOf(task.name, enqueued), claimed }))
  }

  /** As `Enqueuer.newJobs`. */
  newJobs(task: TaskDefinition, requests: readonly TaskRequest[], recording: Recording = {}): Promise<NewJob[]> {
    return this.#enqueuer.newJobs(task, requests, recording)
  }

  /** As `Enqueuer.record`. */
  record(shard: number, jobs: readonly NewJob[]): Promise<{ job: NewJob; enqueued: Enqueued }[]> {
    return this.#enqueuer.record(shard, jobs)
  }

  get(id: string): Promise<JobRecord> {
    return this.#ledgers.ofJob(id, (ledger) => ledger.get(id))
  }

  cancel(id: string): Promise<JobRecord> {
    return this.#ledgers.ofJob(id, (ledger) => ledger.cancel(id))
  }

  /** @param input the new input as JSON text. Left out, the job keeps the one it has */
  redrive(id: string, input?: string): Promise<JobRecord> {
    return this.#ledgers.ofJob(id, (ledger) => ledger.redrive({ id, ...(input !== undefined && { input }) }))
  }

  /** @throws ChardError `invalid-option`, and what the ledger refuses with */
  async update(id: string, { priority, at, delay }: JobUpdate): Promise<JobRecord> {
    if (at !== undefined && delay !== undefined)
      throw new ChardError('invalid-option', 'delay has no meaning beside at; leave one of them out')
    const request = {
      id,
      ...(priority !== undefined && { priority: checkedPriority(priority) }),
      ...(at !== undefined && { at: checkedAt(at) }),
      ...(delay !== undefined && { delayMs: durationMs(delay, 'delay') }),
    }
    return this.#ledgers.ofJob(id, (ledger) => ledger.update(request))
  }

  /** As `JobWatcher.watch`. */
  watch(id: string, timeout: Duration, abort?: AbortSignal): AsyncGenerator<JobRecord, void> {
    return this.#watcher.watch(id, timeout, abort)
  }

  /** As `JobWatcher.wait`. */
  wait(id: string, timeout: Duration, abort?: AbortSignal): Promise<JobRecord> {
    return this.#watcher.wait(id, timeout, abort)
  }

  /** As `JobSearch.list`. */
  list(query?: JobQuery): Promise<JobList> {
    return this.#search.list(query)
  }

  overview(): Promise<Overview> {
    return overviewOf(this.#ledgers)
  }

  /** As `Ledgers.call`. */
  call<T>(shard: number, call: (ledger: LedgerRpc) => Promise<T>): Promise<T> {
    return this.#ledgers.call(shard, call)
  }

  /** As `Ledgers.all`. */
  all<T>(call: (ledger: LedgerRpc) => Promise<T>): Promise<{ answers: T[]; missing: number[] }> {
    return this.#ledgers.all(call)
  }

  /**
   * The watchdog: every ledger looks whether its alarm is armed, and takes settings that it has missed.
   * @returns how many ledgers had lost their alarm, and the shards that did not answer
   */
  async wakeAll(): Promise<{ rearmed: number; missing: readonly number[] }> {
    const settings = await this.call(0, (ledger) => ledger.settings()).catch(() => undefined)
    const { answers, missing } = await this.all((ledger) => ledger.wake(settings))
    return { rearmed: answers.filter((wasLost) => wasLost).length, missing }
  }

  /** The handle of a recorded job. */
  jobOf(task: string, enqueued: Exclude<Enqueued, Refusal>): Job<never> {
    return jobHandle(task, enqueued, this)
  }
}
