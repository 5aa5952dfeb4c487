/** The two bindings the engine needs, found by name when they are used; a missing one answers with the TOML to paste. */
import type { LedgerRpc } from './ledger/protocol/protocol.ts'
import { shardName } from './ledger/protocol/shard-name.ts'
import type { WakeUp } from './runner/consumers.ts'
import { ChardError } from './task/errors.ts'

export interface BindingOptions {
  /** Name of the Durable Object binding of the ledgers. Default `'LEDGER'`. */
  ledger?: string
  /** Name of the queue binding of the wake-ups. Default `'JOBS'`. */
  queue?: string
  /**
   * Where ledgers are placed, decided when each is first reached.
   * https://developers.cloudflare.com/durable-objects/reference/data-location/
   */
  locationHint?: DurableObjectLocationHint
  /** Keeps ledgers inside a jurisdiction. Another one later means other, empty ledgers. */
  jurisdiction?: DurableObjectJurisdiction
}

/** The most messages one call to the queue takes. */
const sendBatchMax = 100

export class Bindings {
  readonly #options: BindingOptions
  readonly #env: () => object

  constructor(options: BindingOptions, env: () => object) {
    this.#options = options
    this.#env = env
  }

  /** A new stub: one that has thrown may be broken. @throws ChardError `missing-binding` */
  ledger(shard: number): LedgerRpc {
    const { ledger = 'LEDGER', locationHint, jurisdiction } = this.#options
    const all = this.#find<DurableObjectNamespace>(ledger, 'idFromName', ledgerToml(ledger))
    const namespace = jurisdiction ? all.jurisdiction(jurisdiction) : all
    const id = namespace.idFromName(shardName(shard))
    return namespace.get(id, locationHint ? { locationHint } : {}) as unknown as LedgerRpc
  }

  /** @throws ChardError `missing-binding`, or what the queue answers */
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
      `the Worker has no binding ${name} as Chard needs it. Add to wrangler.toml:\n\n${toml}`,
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
