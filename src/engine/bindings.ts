/** The two bindings that the engine needs, looked up by name when they are used. The error for a missing one holds the TOML to paste. */

import { shardName } from './ledger/protocol/shard-name.ts'
import type { LedgerRpc } from './ledger/protocol/verbs.ts'
import type { WakeUp } from './runner/consumers.ts'
import { ChardError } from './task/errors.ts'

export interface BindingOptions {
  /** The name of the Durable Object binding of the ledgers. Default `'LEDGER'`. */
  ledger?: string
  /** The name of the queue binding of the wake-ups. Default `'JOBS'`. */
  queue?: string
  /**
   * Where ledgers are placed. It counts when a ledger is first called, and not afterwards.
   * https://developers.cloudflare.com/durable-objects/reference/data-location/
   */
  locationHint?: DurableObjectLocationHint
  /**
   * Keeps ledgers inside a jurisdiction. Chosen once: with another jurisdiction there are other, empty ledgers.
   * https://developers.cloudflare.com/durable-objects/reference/data-location/
   */
  jurisdiction?: DurableObjectJurisdiction
}

/** Messages that one `sendBatch` takes. https://developers.cloudflare.com/queues/platform/limits/ */
const sendBatchMax = 100

export class Bindings {
  readonly #options: BindingOptions
  readonly #env: () => object

  constructor(options: BindingOptions, env: () => object) {
    this.#options = options
    this.#env = env
  }

  /** A new stub, because a stub that has thrown may be broken. @throws ChardError `missing-binding` */
  ledger(shard: number): LedgerRpc {
    const { ledger = 'LEDGER', locationHint, jurisdiction } = this.#options
    const all = this.#find<DurableObjectNamespace>(ledger, 'idFromName', ledgerToml(ledger))
    const namespace = jurisdiction ? all.jurisdiction(jurisdiction) : all
    const id = namespace.idFromName(shardName(shard))
    return namespace.get(id, locationHint ? { locationHint } : {}) as unknown as LedgerRpc
  }

  /** @throws ChardError `missing-binding`, or what the queue throws */
  async sendWakeUps(shard: number, count: number): Promise<void> {
    const { queue = 'JOBS' } = this.#options
    const wakeUps = this.#find<Queue<WakeUp>>(queue, 'sendBatch', queueToml(queue))
    const messages = Array.from({ length: Math.min(count, sendBatchMax) }, () => ({ body: { shard } }))
    await wakeUps.sendBatch(messages)
  }

  #find<T>(name: string, method: string, toml: string): T {
    const binding = (this.#env() as Record<string, Record<string, unknown> | undefined>)[name]
    if (typeof binding?.[method] === 'function') return binding as T
    throw new ChardError(
      'missing-binding',
      `the Worker has no binding ${name} of the kind that Chard needs. Add to wrangler.toml:\n\n${toml}`,
    )
  }
}

function ledgerToml(name: string): string {
  return `[[durable_objects.bindings]]
name = "${name}"
class_name = "Ledger"

[[migrations]]
tag = "v1"
new_sqlite_classes = ["Ledger"]`
}

function queueToml(name: string): string {
  return `[[queues.producers]]
binding = "${name}"
queue = "chard-jobs"

[[queues.consumers]]
queue = "chard-jobs"
max_batch_size = 1
max_batch_timeout = 0
max_retries = 3
dead_letter_queue = "chard-jobs-dead"`
}
