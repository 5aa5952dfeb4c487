/** The Durable Object class of a deployment's ledgers: a `LedgerHost` with the base class that the platform asks for. */
import { DurableObject } from 'cloudflare:workers'
import type { LedgerRpc } from '../protocol/verbs.ts'
import type { Meter } from '../storage/sql.ts'
import type { LedgerState } from './durable-sql.ts'
import { type LedgerConfig, LedgerHost } from './ledger.ts'
import { verbNames } from './verbs.ts'

/** A ledger as the platform makes it. Its methods are the verbs. */
export type LedgerObject = DurableObject & LedgerRpc & { alarm(): Promise<void>; readonly meter: Meter }

export type LedgerClass = new (ctx: DurableObjectState, env: Cloudflare.Env) => LedgerObject

export function ledgerClass(config: LedgerConfig): LedgerClass {
  class Ledger extends DurableObject {
    readonly #host = new LedgerHost(this.ctx as LedgerState, config)

    // RPC reaches the methods of the prototype. A table has them, so that a new verb is written down once.
    static {
      for (const verb of verbNames) {
        Object.defineProperty(Ledger.prototype, verb, {
          configurable: true,
          writable: true,
          value(this: Ledger, ...request: readonly unknown[]) {
            return this.#host.call(verb, request)
          },
        })
      }
    }

    get meter(): Meter {
      return this.#host.meter
    }

    override alarm(): Promise<void> {
      return this.#host.alarm()
    }
  }
  return Ledger as unknown as LedgerClass
}
