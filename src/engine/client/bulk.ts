/** Bulk actions: cancel or redrive every job that a filter matches. The ledgers carry them out; this begins and follows them. */
import { newJobId } from '../ledger/domain/job-id.ts'
import type { BulkAction } from '../ledger/protocol/jobs.ts'
import { isRefusal } from '../ledger/protocol/refusal.ts'
import { ChardError } from '../task/errors.ts'
import type { Platform } from '../task/platform.ts'
import { checkedKey } from '../task/unique.ts'
import type { Client } from './client.ts'
import { type JobFilter, storedFilter } from './job-search.ts'
import { unrefused } from './ledgers.ts'

/** How far a bulk action is. */
export interface BulkProgress {
  readonly id: string
  readonly action: BulkAction
  /** `done` when every shard has answered and is done. */
  readonly state: 'running' | 'done'
  /** Jobs it has looked at. */
  readonly looked: number
  /** Jobs it has changed. */
  readonly changed: number
  /** Shards that did not answer. Where the action was begun, it goes on; call again to begin it where it was not. */
  readonly missing: readonly number[]
}

export class BulkActions {
  readonly #client: Client
  readonly #platform: Pick<Platform, 'now' | 'random'>

  constructor(client: Client, platform: Pick<Platform, 'now' | 'random'>) {
    this.#client = client
    this.#platform = platform
  }

  /**
   * Begins an action on every shard.
   *
   * @param key an idempotency key. It is then the action's id: a repeated call begins it only where it was missing
   * @throws ChardError `invalid-option`, `key-conflict`
   */
  async begin(action: BulkAction, filter: JobFilter, key?: string): Promise<BulkProgress> {
    if (key !== undefined) checkedKey('idempotencyKey', key)
    const id = key ?? this.#newId()
    const request = { id, action, filter: storedFilter(filter) }
    const { answers, missing } = await this.#client.all((ledger) => ledger.bulk(request))
    return summed(id, action, answers.map(unrefused), missing)
  }

  /** @throws ChardError `unknown-bulk` */
  async progress(id: string): Promise<BulkProgress> {
    const { answers, missing } = await this.#client.all((ledger) => ledger.bulkProgress(id))
    const known = answers.flatMap((answer) => (isRefusal(answer) ? [] : [answer]))
    const [first] = known
    if (!first) throw new ChardError('unknown-bulk', `there is no bulk action ${id}`)
    return summed(id, first.action, known, missing)
  }

  #newId(): string {
    return newJobId(0, this.#platform.now(), () => this.#platform.random()).slice(2)
  }
}

function summed(
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
