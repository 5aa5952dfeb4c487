/** One activation of a ledger: the engine's object in the memory of one isolate, until it is reset or forgotten. */
import type { LedgerState } from '../engine/ledger/host/durable-sql.ts'
import { LedgerHost } from '../engine/ledger/host/ledger.ts'
import { shardName } from '../engine/ledger/protocol/shard-name.ts'
import type { Verb } from '../engine/ledger/protocol/verbs.ts'
import type { VirtualAlarm } from './alarm.ts'
import type { Awake } from './awake.ts'
import type { Isolate } from './isolate.ts'
import { type LogEntry, Machine } from './machine.ts'
import type { Storage, StorageHooks } from './storage.ts'

/** What a ledger answers. */
export type CallKind = Verb | 'alarm'

/** A ledger as its activations know it. */
export interface ActivatedLedger {
  readonly shard: number
  readonly storage: Storage
  readonly alarm: VirtualAlarm
  readonly awake: Awake
  readonly warned: LogEntry[]
  readonly sqlFault: (statement: string) => Error | undefined
  /** A call was answered, or has failed, after it was held for `ms`. */
  onAnswered(kind: CallKind, ms: number): void
  onCommitted(activation: Activation): void
}

export class Activation extends Machine {
  readonly ledger: ActivatedLedger
  readonly isolate: Isolate
  readonly host: LedgerHost
  #calls = 0
  #break: (error: Error) => void = () => {}
  readonly #broken: Promise<never>

  constructor(ledger: ActivatedLedger, isolate: Isolate) {
    super({ name: `ledger ${ledger.shard}`, around: isolate.around, skew: isolate.skew })
    this.ledger = ledger
    this.isolate = isolate
    this.#broken = new Promise<never>((_, reject) => {
      this.#break = reject
    })
    this.#broken.catch(() => {})
    this.host = this.run(() => new LedgerHost(this.#state(), isolate.program.service.ledgers))
  }

  override env(): Cloudflare.Env {
    return this.isolate.bindings as Cloudflare.Env
  }

  /** How many calls are being answered, alarms included. */
  get calls(): number {
    return this.#calls
  }

  get isBusy(): boolean {
    return this.#calls > 0 || this.timers > 0 || this.unfinished > 0
  }

  /** Answers a call, or fails with it when the object is reset. */
  async answer<T>(kind: CallKind, work: () => Promise<T>): Promise<T> {
    const { clock } = this.around
    const since = clock.now
    const ended = this.busy()
    this.#calls++
    try {
      return await Promise.race([this.run(work), this.#broken])
    } finally {
      this.#calls--
      ended()
      this.ledger.onAnswered(kind, clock.now - since)
    }
  }

  /** Fails every call that is being answered. */
  break(error: Error): void {
    this.#break(error)
  }

  override warn(event: string, details: Record<string, unknown>): void {
    this.ledger.warned.push({ event, ...details })
    super.warn(event, details)
  }

  protected override busy(): () => void {
    return this.ledger.awake.begin()
  }

  #state(): LedgerState {
    const { storage, alarm, shard } = this.ledger
    const hooks = this.#hooks()
    return {
      id: { name: shardName(shard) },
      waitUntil: (promise) => this.waitUntil(promise),
      storage: {
        getAlarm: async () => (this.isDead ? new Promise(() => {}) : (alarm.at ?? null)),
        setAlarm: async (at) => {
          if (this.isDead) return new Promise(() => {})
          alarm.set(at)
          return undefined
        },
        transactionSync: (work) => {
          this.#alive()
          const armed = alarm.at
          return storage.transaction(() => {
            try {
              return work()
            } catch (error) {
              alarm.restore(armed)
              throw error
            }
          }, hooks)
        },
        sql: {
          exec: (statement, ...bindings) => storage.exec(statement, bindings, hooks),
          get databaseSize() {
            return storage.database.bytes
          },
        },
      },
    }
  }

  #hooks(): StorageHooks {
    const { ledger } = this
    return {
      statement: (statement) => {
        this.#alive()
        const error = ledger.sqlFault(statement)
        if (error) throw error
      },
      committed: () => ledger.onCommitted(this),
    }
  }

  /** Nothing of a dead activation reaches the disk. */
  #alive(): void {
    if (this.isDead) throw new Error('this object was reset')
  }
}
