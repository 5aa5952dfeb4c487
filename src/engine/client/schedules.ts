/** The schedules of this code: which there are, where each lives, and what people do to them by name. */

import type { ShardSchedule } from '../ledger/memory/schedule-index.ts'
import type { ScheduleAction, ScheduleRecord } from '../ledger/protocol/protocol.ts'
import { ChardError } from '../task/errors.ts'
import type { Job } from '../task/job.ts'
import { defineSchedule, type ScheduleDefinition, type ScheduleOptions } from '../task/schedule.ts'
import { partitionOf } from '../task/task.ts'
import { checkedKey } from '../task/unique.ts'
import type { ScheduleList, Steering } from './control.ts'
import { homeOf, homeOfJob } from './shards.ts'

/** The schedules by name, as people see and steer them. */
export interface Schedules {
  /** Every schedule, those that the code has stopped included. */
  list(): Promise<ScheduleList>
  /** @throws ChardError `unknown-schedule`, `unavailable` */
  get(name: string): Promise<ScheduleRecord>
  /** Its slots pass without a job until `resume`. @throws as `get` */
  pause(name: string): Promise<ScheduleRecord>
  /** The next slot from now on makes a job; those of the pause are told in its history. @throws as `get` */
  resume(name: string): Promise<ScheduleRecord>
  /** Makes a job now, beside its slots and whatever its overlap says. @throws as `get`, and `unknown-task`, `draining` */
  trigger(name: string, options?: { readonly idempotencyKey?: string }): Promise<Job>
}

export class ScheduleBook implements Schedules {
  readonly #steering: Steering
  readonly #homeShards: number
  readonly #placed = new Map<string, ShardSchedule>()

  constructor(steering: Steering, homeShards: number) {
    this.#steering = steering
    this.#homeShards = homeShards
  }

  /** @throws ChardError `invalid-option` when a schedule of this name is there already */
  add<Input>(options: ScheduleOptions<Input>): string {
    const definition = defineSchedule(options)
    const { name } = definition
    if (this.#placed.has(name))
      throw new ChardError('invalid-option', `two schedules are named ${name}; a name stands for one schedule`)
    this.#placed.set(name, this.#place(definition))
    return name
  }

  onShard(shard: number): ShardSchedule[] {
    return [...this.#placed.values()].filter((one) => one.shard === shard)
  }

  list = (): Promise<ScheduleList> => this.#steering.schedules()

  get = async (name: string): Promise<ScheduleRecord> => {
    const { schedules } = await this.list()
    const found = schedules.find((one) => one.name === name)
    if (found) return found
    throw new ChardError('unknown-schedule', `there is no schedule ${name}`)
  }

  pause = (name: string): Promise<ScheduleRecord> => this.#steer(name, 'pause')
  resume = (name: string): Promise<ScheduleRecord> => this.#steer(name, 'resume')

  trigger = async (name: string, { idempotencyKey: key }: { idempotencyKey?: string } = {}): Promise<Job> => {
    const { shard, task } = this.#known(name)
    if (key !== undefined) checkedKey('idempotencyKey', key)
    return this.#steering.triggerSchedule(shard, task.name, { name, ...(key !== undefined && { key }) })
  }

  async #steer(name: string, action: ScheduleAction): Promise<ScheduleRecord> {
    return this.#steering.steerSchedule(this.#known(name).shard, name, action)
  }

  #known(name: string): ShardSchedule {
    const placed = this.#placed.get(name)
    if (placed) return placed
    throw new ChardError('unknown-schedule', `there is no schedule ${name}`)
  }

  /** A schedule lives where its jobs live, so that a slot and its job are one transaction. */
  #place(definition: ScheduleDefinition): ShardSchedule {
    const { name, task, input } = definition
    const value: unknown = JSON.parse(input)
    const checked = task.schema['~standard'].validate(value)
    // What an asynchronous schema would make of it is not known here: its partition goes by the input as written.
    const valid = checked instanceof Promise || checked.issues ? value : checked.value
    const partition = partitionOf(task, valid)
    const shard =
      homeOfJob(task, { partition, key: undefined }, this.#homeShards) ?? homeOf(`schedule ${name}`, this.#homeShards)
    return { ...definition, shard, partition: partition ?? '' }
  }
}
