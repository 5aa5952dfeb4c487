/**
 * The ledgers of a deployment as one: enqueue, look, wait, cancel, redrive, list. Routes by id and key, makes ids, and
 * merges what shards answer. Decides nothing about a job.
 */
import { newJobId, parseJobId, shardOf, ulidOf } from '../ledger/domain/job-id.ts'
import {
  type Claimed,
  type Enqueued,
  isRefusal,
  type LedgerRpc,
  type NewJob,
  type Refusal,
  type ShardOverview,
  type Start,
  type JobFilter as StoredFilter,
} from '../ledger/protocol/protocol.ts'
import { atMax, batchBytesMax, batchJobsMax, utf8Bytes } from '../task/bounds.ts'
import { type Duration, durationMs } from '../task/duration.ts'
import { ChardError } from '../task/errors.ts'
import { type CompletedJob, isFinal, type Job, type JobRecord, type JobState, jobStates } from '../task/job.ts'
import { JobFailedError } from '../task/job-failed-error.ts'
import type { Platform } from '../task/platform.ts'
import { serialised, validated } from '../task/schema.ts'
import { checkedPriority, partitionOf, type TaskDefinition, type TaskRequest } from '../task/task.ts'
import { looksBackMs } from '../task/unique.ts'
import { Batcher } from './batcher.ts'
import { type CompletionListener, CompletionListeners } from './completion-listeners.ts'
import { callLedger, type LedgerStubs } from './remote.ts'
import { homeShardOfJob, ShardPicker } from './shards.ts'

/** Which jobs are meant. All conditions must hold; an absent one holds for all. */
export interface JobFilter {
  readonly state?: JobState
  readonly task?: string
  readonly tag?: string
  readonly idempotencyKey?: string
  /** Made at or after this moment. */
  readonly createdAfter?: Date
  /** Made before this moment. */
  readonly createdBefore?: Date
}

/** Which jobs to list, and how many. */
export interface JobQuery extends JobFilter {
  /** How many: 1 to 100, default 20. A page of large jobs may hold fewer. */
  readonly limit?: number
  /** Where the previous page ended. */
  readonly cursor?: string
}

/** One page of jobs, newest first. */
export interface JobList {
  readonly jobs: readonly JobRecord[]
  /** Present when there may be more: pass it on for the next page, even when `jobs` is empty. */
  readonly cursor?: string
  /** Shards that did not answer: their jobs are not in this page. */
  readonly missing: readonly number[]
}

/** The deployment at a glance. */
export interface Overview {
  /** Recorded jobs by state, over the shards that answered. */
  readonly states: Readonly<Record<JobState, number>>
  readonly shards: readonly ShardOverview[]
  /** Shards that did not answer. */
  readonly missing: readonly number[]
}

/** What of a waiting job is changed. */
export interface JobUpdate {
  /** Higher is served first: -1000 to 1000. */
  readonly priority?: number
  /** Not before this moment. One in the past means now. */
  readonly at?: Date
  /** Not before this long from now. */
  readonly delay?: Duration
}

export interface ClientOptions {
  /** Where jobs with a key, a partition or a limited task are. */
  readonly homeShards: number
  /** How long a finished job is kept, unless its task says otherwise. */
  readonly retentionMs: number
  /** Shards in use: at least `homeShards`. Plain jobs are on any of them. */
  readonly shards: number
  readonly platform: Platform
  readonly stubs: LedgerStubs
  /** Ends of jobs that run in this isolate. Left out, nothing is heard of them. */
  readonly listeners?: CompletionListeners
}

/** How a request is recorded, beside what its caller said. */
export interface Recording {
  readonly start?: Start
  /** The key of a handler's child, which answers with its job whatever the input. */
  readonly childKey?: string
}

/** A recorded job and, when its caller runs the first attempt, the claim. */
export interface Recorded {
  readonly job: Job<never>
  readonly claimed: Claimed | undefined
}

const listLimit = 20
const listLimitMax = 100
const waitMsDefault = 30_000
/** The wait between two looks at a job: grows, so that a long wait costs few requests. */
const lookMsMin = 50
const lookMsMax = 2_000

export class Client {
  readonly #options: ClientOptions
  readonly #picker: ShardPicker
  readonly #listeners: CompletionListeners
  readonly #batcher: Batcher

  constructor(options: ClientOptions) {
    this.#options = options
    this.#listeners = options.listeners ?? new CompletionListeners()
    this.#picker = new ShardPicker(options.shards, options.platform)
    this.#batcher = new Batcher((shard, jobs) =>
      this.call(shard, (ledger) => ledger.enqueue({ homeShards: options.homeShards, jobs })),
    )
  }

  /**
   * Records jobs: validates every input before anything is written, then one RPC a shard.
   * @throws ChardError `invalid-input`, `too-large`, `key-conflict`, `home-shards-mismatch`, `unavailable`
   */
  async enqueue(
    task: TaskDefinition,
    requests: readonly TaskRequest[],
    recording: Recording = {},
  ): Promise<Recorded[]> {
    const jobs = await this.newJobs(task, requests, recording)
    const byShard = Map.groupBy(jobs, ({ id }) => shardOf(id))
    const answers = await Promise.all([...byShard].map(([shard, part]) => this.record(shard, part)))
    const byId = new Map(answers.flat().map(({ job, enqueued }) => [job.id, enqueued]))
    return jobs.map(({ id }) => this.#recorded(task.name, byId.get(id) as Enqueued))
  }

  /** The jobs as they will be recorded, each with its id. */
  async newJobs(task: TaskDefinition, requests: readonly TaskRequest[], recording: Recording = {}): Promise<NewJob[]> {
    if (requests.length > batchJobsMax) {
      throw new ChardError('too-large', `enqueueMany got ${requests.length} inputs; it takes up to ${batchJobsMax}`)
    }
    const inputs = requests.map(({ input }) => serialised(input, task.name))
    const total = inputs.reduce((sum, text) => sum + utf8Bytes(text), 0)
    if (total > batchBytesMax) {
      throw new ChardError('too-large', `the inputs are ${total} bytes together; one call takes up to ${batchBytesMax}`)
    }
    const jobs: NewJob[] = []
    for (const [index, { options }] of requests.entries()) {
      const input = inputs[index] as string
      // Validated as it will be read back, not as the object it is now.
      const partition = partitionOf(task, await validated(task.schema, JSON.parse(input), task.name))
      jobs.push(this.#newJob(task, options, { ...recording, input, partition }))
    }
    return jobs
  }

  #newJob(
    task: TaskDefinition,
    options: TaskRequest['options'],
    { input, partition, start, childKey }: Recording & { input: string; partition: string | undefined },
  ): NewJob {
    const { homeShards, platform } = this.#options
    const now = platform.now()
    const key = options.key?.key ?? childKey
    const rule = options.key?.rule
    this.#refuseForgotten(task, rule && looksBackMs(rule))
    if (options.at !== undefined && options.expiresInMs !== undefined && options.at - now >= options.expiresInMs)
      throw new ChardError(
        'invalid-option',
        `expiresIn is ${options.expiresInMs} ms; it takes more than the time until at`,
      )
    const trace = options.trace ?? platform.trace()
    const shard = homeShardOfJob(task, { partition, key }, homeShards) ?? this.#picker.next()
    return {
      id: newJobId(shard, now, () => platform.random()),
      task: task.name,
      input,
      maxAttempts: task.retry.maxAttempts,
      priority: options.priority,
      delayMs: options.delayMs,
      ...(options.at !== undefined && { at: options.at }),
      ...(options.expiresInMs !== undefined && { expiresInMs: options.expiresInMs }),
      ...(partition !== undefined && { partition }),
      ...(key !== undefined && { key }),
      ...(rule && { unique: rule }),
      ...(childKey !== undefined && { child: true }),
      ...(options.key === undefined && childKey !== undefined && { keyWins: true }),
      ...(options.tags.length > 0 && { tags: options.tags }),
      ...(trace !== undefined && { trace }),
      ...(start && { start }),
    }
  }

  /** A rule that looks back at finished jobs needs them to be kept as long. */
  #refuseForgotten({ name, retentionMs = this.#options.retentionMs }: TaskDefinition, neededMs = 0): void {
    if (neededMs <= retentionMs) return
    throw new ChardError(
      'invalid-option',
      `unique of task ${name} looks back ${neededMs} ms; it takes at most the ${retentionMs} ms for which its finished jobs are kept`,
    )
  }

  /** Records jobs of one shard under ids that are made already: safe to repeat. */
  async record(shard: number, jobs: readonly NewJob[]): Promise<{ job: NewJob; enqueued: Enqueued }[]> {
    const reply = await this.#batcher.record(shard, jobs)
    if (isRefusal(reply)) throw refusalError(reply)
    return jobs.map((job, index) => ({ job, enqueued: reply.jobs[index] as Enqueued }))
  }

  async get(id: string): Promise<JobRecord> {
    return this.#one(id, (ledger) => ledger.get(id))
  }

  async cancel(id: string): Promise<JobRecord> {
    return this.#one(id, (ledger) => ledger.cancel(id))
  }

  /** @param input its new input as JSON text; left out, it keeps the one it has */
  async redrive(id: string, input?: string): Promise<JobRecord> {
    return this.#one(id, (ledger) => ledger.redrive({ id, ...(input !== undefined && { input }) }))
  }

  async update(id: string, { priority, at, delay }: JobUpdate): Promise<JobRecord> {
    if (priority !== undefined) checkedPriority(priority)
    if (at !== undefined && delay !== undefined)
      throw new ChardError('invalid-option', 'delay has no meaning beside at; leave one of them out')
    if (at !== undefined && !(at instanceof Date && at.getTime() <= atMax))
      throw new ChardError('invalid-option', `at is ${String(at)}; it takes a valid Date before the year 2189`)
    const request = {
      id,
      ...(priority !== undefined && { priority }),
      ...(at !== undefined && { at: at.getTime() }),
      ...(delay !== undefined && { delayMs: durationMs(delay, 'delay') }),
    }
    return this.#one(id, (ledger) => ledger.update(request))
  }

  /** Yields the record now and whenever it has changed, until it is final, the time is up or `signal` aborts. */
  async *watch(id: string, timeout: Duration, signal?: AbortSignal): AsyncGenerator<JobRecord, void> {
    // From before the first look, so that an end between a look and the wait after it is not missed.
    using listener = this.#listeners.listen(id, this.#options.platform)
    yield* this.#looks(id, listener, this.#endOf(timeout), signal)
  }

  /** The newest record once it is final or the time is up. Asks at growing intervals; never holds the ledger. */
  async wait(id: string, timeout: Duration, signal?: AbortSignal): Promise<JobRecord> {
    const endsAt = this.#endOf(timeout)
    using listener = this.#listeners.listen(id, this.#options.platform)
    // It has only just begun right here, and its end will be heard: there is nothing to see yet.
    if (listener.isOwn) await listener.wait(Math.min(lookMsMax, endsAt - this.#options.platform.now()), signal)
    let newest = listener.record
    if (newest && isFinal(newest.state)) return newest
    for await (const record of this.#looks(id, listener, endsAt, signal)) newest = record
    return newest ?? this.get(id)
  }

  async *#looks(
    id: string,
    listener: CompletionListener,
    endsAt: number,
    signal?: AbortSignal,
  ): AsyncGenerator<JobRecord, void> {
    const firstWaitMs = listener.isOwn ? lookMsMax : lookMsMin
    let seen = ''
    for (let waitMs = firstWaitMs; ; waitMs = Math.min(waitMs * 1.5, lookMsMax)) {
      const record = await this.get(id)
      const now = JSON.stringify(record)
      if (now !== seen) {
        yield record
        seen = now
        waitMs = firstWaitMs
      }
      const leftMs = endsAt - this.#options.platform.now()
      if (isFinal(record.state) || leftMs <= 0 || signal?.aborted) return
      await listener.wait(Math.min(waitMs, leftMs), signal)
    }
  }

  #endOf(timeout: Duration): number {
    return this.#options.platform.now() + durationMs(timeout, 'timeout')
  }

  async list(query: JobQuery = {}): Promise<JobList> {
    const { limit = listLimit, cursor, ...rest } = query
    if (!Number.isInteger(limit) || limit < 1 || limit > listLimitMax) {
      throw new ChardError('invalid-option', `limit is ${limit}; it takes a whole number from 1 to ${listLimitMax}`)
    }
    if (cursor !== undefined && !parseJobId(`0-${cursor}`)) {
      throw new ChardError('invalid-option', 'cursor is not one that a list has given')
    }
    const request = { ...filterOf(rest), limit, ...(cursor !== undefined && { before: cursor }) }
    const { answers, missing } = await this.all((ledger) => ledger.list(request))
    // Below the highest place up to which a shard was searched, another shard's jobs may precede what is not yet known.
    const floor = answers.map(({ searchedTo }) => searchedTo ?? '').reduce((a, b) => (a > b ? a : b), '')
    const merged = answers.flatMap(({ jobs }) => jobs).sort((a, b) => (ulidOf(a.id) < ulidOf(b.id) ? 1 : -1))
    const known = merged.filter(({ id }) => ulidOf(id) >= floor)
    const jobs = known.slice(0, limit)
    const last = jobs.at(-1)
    const next = known.length > limit && last ? ulidOf(last.id) : floor
    return { jobs, ...(next !== '' && { cursor: next }), missing }
  }

  async overview(): Promise<Overview> {
    const { answers, missing } = await this.all((ledger) => ledger.overview())
    const states = Object.fromEntries(
      jobStates.map((state) => [state, answers.reduce((sum, shard) => sum + shard.states[state], 0)]),
    ) as Record<JobState, number>
    return { states, shards: answers, missing }
  }

  /** The kill switch of every ledger. Answers the shards that did not hear it. */
  async halt(on: boolean): Promise<{ missing: readonly number[] }> {
    const { missing } = await this.all((ledger) => ledger.halt(on))
    return { missing }
  }

  /**
   * The watchdog: every ledger looks whether its alarm is armed, and takes settings that it has not heard of. Answers
   * the shards that had lost theirs.
   */
  async wakeAll(): Promise<{ rearmed: number; missing: readonly number[] }> {
    const settings = await this.call(0, (ledger) => ledger.settings()).catch(() => undefined)
    const { answers, missing } = await this.all((ledger) => ledger.wake(settings))
    return { rearmed: answers.filter((wasLost) => wasLost).length, missing }
  }

  call<T>(shard: number, call: (ledger: LedgerRpc) => Promise<T>): Promise<T> {
    return callLedger(this.#options, shard, call)
  }

  async #one(id: string, call: (ledger: LedgerRpc) => Promise<JobRecord | Refusal>): Promise<JobRecord> {
    const parts = parseJobId(id)
    if (!parts) throw new ChardError('invalid-id', 'this is not the id of a job')
    // An id of a shard that cannot exist is a guess; it must not create an object.
    if (parts.shard >= this.shardCount) throw new ChardError('unknown-job', `there is no job ${id}`)
    const reply = await this.call(parts.shard, call)
    if (isRefusal(reply)) throw refusalError(reply)
    return reply
  }

  /** Asks every shard. Answers those that did not answer. */
  async all<T>(call: (ledger: LedgerRpc) => Promise<T>): Promise<{ answers: T[]; missing: number[] }> {
    const shards = Array.from({ length: this.shardCount }, (_, shard) => shard)
    const settled = await Promise.allSettled(shards.map((shard) => this.call(shard, call)))
    return {
      answers: settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      missing: shards.filter((shard) => settled[shard]?.status === 'rejected'),
    }
  }

  get shardCount(): number {
    return this.#options.shards
  }

  #recorded(task: string, enqueued: Enqueued): Recorded {
    if (isRefusal(enqueued)) throw refusalError(enqueued)
    return { job: this.jobOf(task, enqueued), claimed: enqueued.claimed }
  }

  /** The handle of a recorded job. */
  jobOf(task: string, { id, state, duplicate }: Exclude<Enqueued, Refusal>): Job<never> {
    const wait = async (timeout: Duration = waitMsDefault): Promise<CompletedJob<never>> => {
      const record = await this.wait(id, timeout)
      if (record.state === 'completed') return record as CompletedJob<never>
      if (isFinal(record.state)) throw new JobFailedError(record)
      throw new ChardError(
        'wait-timeout',
        `job ${id} is ${record.state} after ${durationMs(timeout, 'timeout')} ms; it goes on`,
      )
    }
    return {
      id,
      task,
      state,
      duplicate,
      wait,
      get: () => this.get(id) as Promise<JobRecord<never>>,
      cancel: () => this.cancel(id) as Promise<JobRecord<never>>,
    }
  }
}

/** A filter as it travels. @throws ChardError `invalid-option` */
export function filterOf({ idempotencyKey: key, createdAfter, createdBefore, ...rest }: JobFilter): StoredFilter {
  for (const [name, value] of Object.entries({ createdAfter, createdBefore })) {
    if (value !== undefined && !(value instanceof Date && Number.isFinite(value.getTime())))
      throw new ChardError('invalid-option', `${name} is ${String(value)}; it takes a valid Date`)
  }
  return {
    ...rest,
    ...(key !== undefined && { key }),
    ...(createdAfter && { createdFrom: createdAfter.getTime() }),
    ...(createdBefore && { createdBefore: createdBefore.getTime() }),
  }
}

export function refusalError({ refused, message }: Refusal): ChardError {
  return new ChardError(refused, message)
}
