/** Makes jobs of requests, and records them. */
import { newJobId, shardOf } from '../ledger/domain/job-id.ts'
import type { Enqueued, NewJob, Start } from '../ledger/protocol/enqueue.ts'
import type { Refusal } from '../ledger/protocol/refusal.ts'
import type { Claimed } from '../ledger/protocol/sync.ts'
import { batchBytesMax, batchJobsMax, utf8Bytes } from '../task/bounds.ts'
import { ChardError } from '../task/errors.ts'
import type { Platform } from '../task/platform.ts'
import { serialised, validated } from '../task/schema.ts'
import { partitionOf, type TaskDefinition, type TaskRequest } from '../task/task.ts'
import { looksBackMs } from '../task/unique.ts'
import { Batcher } from './batcher.ts'
import { type Ledgers, unrefused } from './ledgers.ts'
import { homeShardOfJob, ShardPicker } from './shards.ts'

export interface EnqueuerPorts {
  readonly ledgers: Ledgers
  readonly platform: Pick<Platform, 'now' | 'random' | 'trace'>
  /** Shards in use. Plain jobs are on any of them. */
  readonly shards: number
  /** Where jobs with a key, a partition or a limited task are. */
  readonly homeShards: number
  /** How long a finished job is kept, unless its task says otherwise. */
  readonly retentionMs: number
}

/** How a request is recorded, beside what its caller said. */
export interface Recording {
  readonly start?: Start
  /** The key of a handler's child, which answers with its job whatever the input. */
  readonly childKey?: string
}

/** A job as it was recorded and, when its caller runs the first attempt, the claim. */
export interface Recorded {
  readonly enqueued: Exclude<Enqueued, Refusal>
  readonly claimed: Claimed | undefined
}

export class Enqueuer {
  readonly #ports: EnqueuerPorts
  readonly #picker: ShardPicker
  readonly #batcher: Batcher

  constructor(ports: EnqueuerPorts) {
    this.#ports = ports
    this.#picker = new ShardPicker(ports.shards, ports.platform)
    const { ledgers, homeShards } = ports
    this.#batcher = new Batcher((shard, jobs) => ledgers.call(shard, (ledger) => ledger.enqueue({ homeShards, jobs })))
  }

  /**
   * Records jobs: validates every input before anything is written, then calls each shard once. Answers in the order of
   * the requests.
   * @throws ChardError `invalid-input`, `too-large`, `key-conflict`, `draining`, `home-shards-mismatch`, `unavailable`
   */
  async enqueue(task: TaskDefinition, requests: readonly TaskRequest[], recording: Recording): Promise<Recorded[]> {
    const jobs = await this.newJobs(task, requests, recording)
    const byShard = Map.groupBy(jobs, ({ id }) => shardOf(id))
    const answers = await Promise.all([...byShard].map(([shard, part]) => this.record(shard, part)))
    const byId = new Map(answers.flat().map(({ job, enqueued }) => [job.id, enqueued]))
    return jobs.map(({ id }) => {
      const enqueued = unrefused(byId.get(id) as Enqueued)
      return { enqueued, claimed: enqueued.claimed }
    })
  }

  /** The jobs as they will be recorded, each with its id. @throws ChardError `invalid-input`, `invalid-option`, `too-large` */
  async newJobs(task: TaskDefinition, requests: readonly TaskRequest[], recording: Recording): Promise<NewJob[]> {
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
      // Validated as it will be read back, which is not always the object that was passed.
      const partition = partitionOf(task, await validated(task.schema, JSON.parse(input), task.name))
      jobs.push(this.#newJob(task, options, { ...recording, input, partition }))
    }
    return jobs
  }

  /** Records jobs of one shard that have their ids already, so that it is safe to repeat. */
  async record(shard: number, jobs: readonly NewJob[]): Promise<{ job: NewJob; enqueued: Enqueued }[]> {
    const reply = unrefused(await this.#batcher.record(shard, jobs))
    return jobs.map((job, index) => ({ job, enqueued: reply.jobs[index] as Enqueued }))
  }

  #newJob(
    task: TaskDefinition,
    options: TaskRequest['options'],
    { input, partition, start, childKey }: Recording & { input: string; partition: string | undefined },
  ): NewJob {
    const { homeShards, platform } = this.#ports
    const now = platform.now()
    const key = options.key?.key ?? childKey
    const rule = options.key?.rule
    this.#refuseLongLook(task, rule && looksBackMs(rule))
    refuseExpired(options, now)
    const trace = options.trace ?? platform.trace()
    const shard = homeShardOfJob(task, { partition, key }, homeShards) ?? this.#picker.pick()
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

  /** A rule that looks back at finished jobs needs them to be kept that long. */
  #refuseLongLook({ name, retentionMs = this.#ports.retentionMs }: TaskDefinition, neededMs = 0): void {
    if (neededMs <= retentionMs) return
    throw new ChardError(
      'invalid-option',
      `unique of task ${name} looks back ${neededMs} ms; it takes at most the ${retentionMs} ms for which the task's finished jobs are kept`,
    )
  }
}

/** A job that could not start before its deadline would be accepted only to fail. */
function refuseExpired({ at, expiresInMs }: TaskRequest['options'], now: number): void {
  if (at === undefined || expiresInMs === undefined || at - now < expiresInMs) return
  throw new ChardError('invalid-option', `expiresIn is ${expiresInMs} ms; it takes more than the time until at`)
}
