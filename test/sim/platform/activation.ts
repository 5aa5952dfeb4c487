/** One activation of a ledger: the engine's object, in the memory of one isolate, until it is reset or forgotten. */

import type { LedgerCore } from '../../../src/engine/ledger/host/core.ts'
import type { LedgerRpc } from '../../../src/engine/ledger/protocol/protocol.ts'
import { shardName } from '../../../src/engine/ledger/protocol/shard-name.ts'
import type { Isolate } from './isolate.ts'
import type { LedgerObject, Verb } from './ledger-object.ts'
import { Machine } from './machine.ts'
import type { StorageFaults } from './storage.ts'

type Value = string | number | null

export class Activation extends Machine {
  readonly object: LedgerRpc & { alarm(): Promise<void> }
  /** The core in it, once it has been opened. */
  core: LedgerCore | undefined
  /** Calls that are being answered, and since when. */
  readonly open = new Map<object, { readonly verb: Verb | 'alarm'; readonly since: number }>()
  breaks: (error: Error) => void = () => {}
  readonly #broken: Promise<never>

  constructor(
    readonly ledger: LedgerObject,
    readonly isolate: Isolate,
  ) {
    super(`ledger ${ledger.shard}`, isolate.around, isolate.skew)
    this.#broken = new Promise<never>((_, reject) => {
      this.breaks = reject
    })
    this.#broken.catch(() => {})
    const { Ledger } = isolate.program.worker
    const ctx = this.#state() as unknown as DurableObjectState
    this.object = this.run(() => new Ledger(ctx, {} as Cloudflare.Env)) as unknown as Activation['object']
  }

  get env(): object {
    return this.isolate.bindings
  }

  get exports(): object {
    return this.isolate.exports
  }

  get isBusy(): boolean {
    return this.open.size > 0 || this.timers.size > 0 || this.unfinished > 0
  }

  /** Answers a call, or fails with it when the object is reset. */
  async answers<T>(verb: Verb | 'alarm', work: () => Promise<T>): Promise<T> {
    const call = {}
    const since = this.around.clock.now
    this.open.set(call, { verb, since })
    try {
      return await Promise.race([this.run(work), this.#broken])
    } finally {
      this.open.delete(call)
      this.ledger.ports.watch.held(this.ledger, verb, this.around.clock.now - since)
    }
  }

  #state() {
    const { storage, alarm, shard } = this.ledger
    const faults = this.#faults()
    return {
      id: { name: shardName(shard) },
      exports: this.exports,
      waitUntil: (promise: Promise<unknown>) => this.waitUntil(promise),
      storage: {
        getAlarm: async () => (this.isDead ? new Promise(() => {}) : (alarm.at ?? null)),
        setAlarm: async (at: number) => {
          if (this.isDead) return new Promise(() => {})
          alarm.set(at)
          return undefined
        },
        transactionSync: <T>(work: () => T): T => {
          this.#live()
          const armed = alarm.at
          return storage.transaction(() => {
            try {
              return work()
            } catch (error) {
              alarm.restore(armed)
              throw error
            }
          }, faults)
        },
        sql: {
          exec: <Row>(statement: string, ...bindings: Value[]) => {
            const rows = storage.exec<Row>(statement, bindings, faults)
            return { toArray: () => rows, rowsRead: rows.length, rowsWritten: 0 }
          },
          get databaseSize() {
            return storage.bytes
          },
        },
      },
    }
  }

  #faults(): StorageFaults {
    const { ledger } = this
    const { weather, watch } = ledger.ports
    return {
      statement: () => {
        this.#live()
        if (weather.strikes('resetInStatement')) this.#resetHere()
        if (weather.strikes('sqlError')) throw new Error('disk I/O error')
      },
      committed: (seen) => {
        watch.committed(ledger, this, seen)
        if (weather.strikes('resetAfterCommit')) this.#resetHere()
      },
    }
  }

  #resetHere(): never {
    this.ledger.reset(this.ledger.anyReset())
    throw new Error('this object was reset')
  }

  /** Nothing of a dead activation reaches the disk. */
  #live(): void {
    if (this.isDead) throw new Error('this object was reset')
  }
}
