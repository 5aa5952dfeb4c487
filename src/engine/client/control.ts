/**
 * What people do to a whole deployment: settings, bulk actions, schedules. One call each. Shard 0 makes a setting's new
 * version and every shard is told; one that did not hear hears it from the watchdog.
 */
import { newJobId } from '../ledger/domain/job-id.ts'
import {
  type BulkAction,
  isRefusal,
  type Refusal,
  type ScheduleAction,
  type ScheduleRecord,
  type TriggerRequest,
} from '../ledger/protocol/protocol.ts'
import type { Settings, SettingsChange } from '../ledger/protocol/settings.ts'
import { ChardError } from '../task/errors.ts'
import { type Job, type JobState, jobStates } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import { checkedKey } from '../task/unique.ts'
import { type Client, filterOf, type JobFilter, refusalError } from './client.ts'

/** What the deployment's settings are after a change. */
export interface Steered {
  readonly settings: Settings
  /** Shards that did not hear of it: the watchdog tells them within a minute. */
  readonly missing: readonly number[]
}

export interface Drained extends Steered {
  /** Jobs that have not ended yet, over the shards that answered. Call again to see it fall. */
  readonly left: number
}

/** How far a bulk action is. */
export interface BulkProgress {
  readonly id: string
  readonly action: BulkAction
  readonly state: 'running' | 'done'
  /** Jobs it has looked at, and those it has changed. */
  readonly looked: number
  readonly changed: number
  /** Shards that did not answer. Where the action was begun, it goes on; call again to begin it there. */
  readonly missing: readonly number[]
}

/** The schedules of a deployment. */
export interface ScheduleList {
  readonly schedules: readonly ScheduleRecord[]
  readonly missing: readonly number[]
}

const unfinished: readonly JobState[] = jobStates.filter(
  (state) => !['completed', 'failed', 'cancelled'].includes(state),
)

export class Steering {
  readonly #client: Client
  readonly #platform: Pick<Platform, 'now' | 'random'>

  constructor(client: Client, platform: Pick<Platform, 'now' | 'random'>) {
    this.#client = client
    this.#platform = platform
  }

  /** @throws ChardError `unavailable` when shard 0 did not answer: nothing is changed, or it is and all will hear of it */
  async change(change: SettingsChange): Promise<Steered> {
    const settings = await this.#client.call(0, (ledger) => ledger.change(change))
    const { missing } = await this.#client.all((ledger) => ledger.adopt(settings))
    return { settings, missing }
  }

  settings(): Promise<Settings> {
    return this.#client.call(0, (ledger) => ledger.settings())
  }

  async drain(task: string | undefined): Promise<Drained> {
    const { settings, missing } = await this.change({ kind: 'drain', ...(task !== undefined && { task }) })
    const overview = await this.#client.overview()
    const left = overview.shards
      .flatMap(({ tasks = {} }) => (task === undefined ? Object.values(tasks) : (tasks[task] ?? [])))
      .reduce((sum, states) => sum + unfinished.reduce((all, state) => all + states[state], 0), 0)
    return { settings, left, missing: [...new Set([...missing, ...overview.missing])] }
  }

  /**
   * @param key an idempotency key, and then the action's id: a repeated call begins nothing twice, and begins it where it was missing
   * @throws ChardError `invalid-option`, `key-conflict`
   */
  async bulk(action: BulkAction, filter: JobFilter, key?: string): Promise<BulkProgress> {
    if (key !== undefined) checkedKey('idempotencyKey', key)
    const id = key ?? this.#newBulkId()
    const request = { id, action, filter: filterOf(filter) }
    const { answers, missing } = await this.#client.all((ledger) => ledger.bulk(request))
    return progressOf(id, action, answers.map(unrefused), missing)
  }

  /** @throws ChardError `unknown-bulk` */
  async bulkProgress(id: string): Promise<BulkProgress> {
    const { answers, missing } = await this.#client.all((ledger) => ledger.bulkProgress(id))
    const known = answers.flatMap((answer) => (isRefusal(answer) ? [] : [answer]))
    const [first] = known
    if (!first) throw new ChardError('unknown-bulk', `there is no bulk action ${id}`)
    return progressOf(id, first.action, known, missing)
  }

  async schedules(): Promise<ScheduleList> {
    const { answers, missing } = await this.#client.all((ledger) => ledger.schedules())
    const byName = new Map<string, ScheduleRecord>()
    // One that has moved to another shard has left a stopped row behind.
    for (const one of answers.flat()) if (byName.get(one.name)?.state !== 'active') byName.set(one.name, one)
    return { schedules: [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), missing }
  }

  /** @throws ChardError `unknown-schedule` */
  async steerSchedule(shard: number, name: string, action: ScheduleAction): Promise<ScheduleRecord> {
    return unrefused(await this.#client.call(shard, (ledger) => ledger.controlSchedule({ name, action })))
  }

  /** @throws ChardError `unknown-schedule`, `unknown-task`, `draining` */
  async triggerSchedule(shard: number, task: string, request: Omit<TriggerRequest, 'id'>): Promise<Job<never>> {
    const id = newJobId(shard, this.#platform.now(), () => this.#platform.random())
    const reply = await this.#client.call(shard, (ledger) => ledger.triggerSchedule({ ...request, id }))
    return this.#client.jobOf(task, unrefused(reply))
  }

  #newBulkId(): string {
    return newJobId(0, this.#platform.now(), () => this.#platform.random()).slice(2)
  }
}

function unrefused<T extends object>(reply: T | Refusal): T {
  if (isRefusal(reply)) throw refusalError(reply)
  return reply
}

function progressOf(
  id: string,
  action: BulkAction,
  answers: readonly { done: boolean; looked: number; changed: number }[],
  missing: readonly number[],
): BulkProgress {
  return {
    id,
    action,
    state: answers.every(({ done }) => done) && missing.length === 0 ? 'done' : 'running',
    looked: answers.reduce((sum, { looked }) => sum + looked, 0),
    changed: answers.reduce((sum, { changed }) => sum + changed, 0),
    missing,
  }
}
