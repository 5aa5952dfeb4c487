/** The schedules of a deployment, as `chard.schedules` shows them: which there are, and what people do to them by name. */

import { newJobId } from '../ledger/domain/job-id.ts'
import type { ShardSchedule } from '../ledger/memory/schedule-index.ts'
import type { ScheduleAction, ScheduleRecord } from '../ledger/protocol/schedules.ts'
import { ChardError } from '../task/errors.ts'
import type { Job } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import { defineSchedule, type ScheduleDefinition, type ScheduleOptions } from '../task/schedule.ts'
import { partitionOf } from '../task/task.ts'
import { checkedKey } from '../task/unique.ts'
import type { Client } from './client.ts'
import { unrefused } from './ledgers.ts'
import { homeShardOf, homeShardOfJob } from './shards.ts'

/** The schedules of a deployment. */
export interface ScheduleList {
  readonly schedules: readonly ScheduleRecord[]
  /** Shards that did not answer: their schedules are not in the list. */
  readonly missing: readonly number[]
}

/** What `chard.schedules` offers. */
export interface Schedules {
  /** Every schedule by name, with its coming slots and its history; also those that the code no longer defines. */
  list(): Promise<ScheduleList>
  /** @throws ChardError `unknown-schedule`, `unavailable` */
  get(name: string): Promise<ScheduleRecord>
  /** Enqueues nothing until `resume`: its slots are skipped, and its history says so. @throws as `get` */
  pause(name: string): Promise<ScheduleRecord>
  /** Goes on with the next slot from now on. @throws as `get` */
  resume(name: string): Promise<ScheduleRecord>
  /**
   * Enqueues a job of it now, beside its slots and whatever its `overlap` says.
   * @throws ChardError as `get`, and `unknown-task`, `draining`, `invalid-option`
   */
  trigger(name: string, options?: { readonly idempotencyKey?: string }): Promise<Job>
}

/** The schedules that this code defines, each with the shard that its ledger is on. */
export class ScheduleRegistry implements Schedules {
  readonly #client: Client
  readonly #platform: Pick<Platform, 'now' | 'random'>
  readonly #homeShards: number
  readonly #byName = new Map<string, ShardSchedule>()

  constructor(client: Client, platform: Pick<Platform, 'now' | 'random'>, homeShards: number) {
    this.#client = client
    this.#platform = platform
    this.#homeShards = homeShards
  }

  /** @returns its name. @throws ChardError `invalid-option` when there is a schedule of this name already */
  add<Input>(options: ScheduleOptions<Input>): string {
    const definition = defineSchedule(options)
    const { name } = definition
    if (this.#byName.has(name))
      throw new ChardError('invalid-option', `two schedules are named ${name}; a name stands for one schedule`)
    this.#byName.set(name, onItsShard(definition, this.#homeShards))
    return name
  }

  /** What the ledger of a shard is opened with. */
  ofShard(shard: number): ShardSchedule[] {
    return [...this.#byName.values()].filter((one) => one.shard === shard)
  }

  // Fields and not methods, because `createChard` hands them on one by one.
  list = async (): Promise<ScheduleList> => {
    const { answers, missing } = await this.#client.all((ledger) => ledger.schedules())
    const byName = new Map<string, ScheduleRecord>()
    // A schedule that has moved to another shard has left a stopped row behind.
    for (const one of answers.flat()) if (byName.get(one.name)?.state !== 'active') byName.set(one.name, one)
    return { schedules: [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), missing }
  }

  get = async (name: string): Promise<ScheduleRecord> => {
    const { schedules } = await this.list()
    return schedules.find((one) => one.name === name) ?? refuseUnknown(name)
  }

  pause = (name: string): Promise<ScheduleRecord> => this.#control(name, 'pause')
  resume = (name: string): Promise<ScheduleRecord> => this.#control(name, 'resume')

  trigger = async (name: string, { idempotencyKey: key }: { idempotencyKey?: string } = {}): Promise<Job> => {
    const { shard, task } = this.#defined(name)
    if (key !== undefined) checkedKey('idempotencyKey', key)
    const id = newJobId(shard, this.#platform.now(), () => this.#platform.random())
    const request = { id, name, ...(key !== undefined && { key }) }
    const reply = await this.#client.call(shard, (ledger) => ledger.triggerSchedule(request))
    return this.#client.jobOf(task.name, unrefused(reply))
  }

  async #control(name: string, action: ScheduleAction): Promise<ScheduleRecord> {
    const { shard } = this.#defined(name)
    return unrefused(await this.#client.call(shard, (ledger) => ledger.controlSchedule({ name, action })))
  }

  #defined(name: string): ShardSchedule {
    return this.#byName.get(name) ?? refuseUnknown(name)
  }
}

function refuseUnknown(name: string): never {
  throw new ChardError('unknown-schedule', `there is no schedule ${name}`)
}

/** A schedule is on the shard of its jobs, so that a slot and its job are recorded in one transaction. */
function onItsShard(definition: ScheduleDefinition, homeShards: number): ShardSchedule {
  const { name, task, input } = definition
  const value: unknown = JSON.parse(input)
  const checked = task.schema['~standard'].validate(value)
  // What an asynchronous schema makes of the input is not known here: the partition is that of the input as written.
  const valid = checked instanceof Promise || checked.issues ? value : checked.value
  const partition = partitionOf(task, valid)
  const shard =
    homeShardOfJob(task, { partition, key: undefined }, homeShards) ?? homeShardOf(`schedule ${name}`, homeShards)
  return { ...definition, shard, partition: partition ?? '' }
}
