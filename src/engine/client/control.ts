/**
 * The settings of a whole deployment and its kill switch. Shard 0 makes each new version of the settings, and then every
 * shard is told of it. A shard that did not answer gets it from the watchdog.
 */
import type { Settings, SettingsChange } from '../ledger/protocol/settings.ts'
import { isFinal, jobStates } from '../task/job.ts'
import type { Client } from './client.ts'

/** What is set after a change. */
export interface SettingsResult {
  readonly settings: Settings
  /** Shards that did not answer: the watchdog tells them within a minute. */
  readonly missing: readonly number[]
}

/** What is set after a draining has begun, and how much is left to work off. */
export interface DrainResult extends SettingsResult {
  /** Jobs that are not final yet, over the shards that answered. Call again to see how it falls. */
  readonly left: number
}

const unfinishedStates = jobStates.filter((state) => !isFinal(state))

export class DeploymentControl {
  readonly #client: Client

  constructor(client: Client) {
    this.#client = client
  }

  /** @throws ChardError `unavailable` when shard 0 did not answer: the change was not made, or all shards will get it */
  async change(change: SettingsChange): Promise<SettingsResult> {
    const settings = await this.#client.call(0, (ledger) => ledger.change(change))
    const { missing } = await this.#client.all((ledger) => ledger.adopt(settings))
    return { settings, missing }
  }

  /** @throws ChardError `unavailable` */
  settings(): Promise<Settings> {
    return this.#client.call(0, (ledger) => ledger.settings())
  }

  /** @param task undefined: every task. @throws as `change` */
  async drain(task: string | undefined): Promise<DrainResult> {
    const { settings, missing } = await this.change({ kind: 'drain', ...(task !== undefined && { task }) })
    const overview = await this.#client.overview()
    const left = overview.shards
      .flatMap(({ tasks = {} }) => (task === undefined ? Object.values(tasks) : (tasks[task] ?? [])))
      .reduce((sum, states) => sum + unfinishedStates.reduce((all, state) => all + states[state], 0), 0)
    return { settings, left, missing: [...new Set([...missing, ...overview.missing])] }
  }

  /** The kill switch of every ledger. Returns the shards that did not answer. */
  async halt(on: boolean): Promise<{ missing: readonly number[] }> {
    const { missing } = await this.#client.all((ledger) => ledger.halt(on))
    return { missing }
  }
}
