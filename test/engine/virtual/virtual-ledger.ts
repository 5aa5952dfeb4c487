/**
 * A Durable Object in a virtual world: the real core and dispatcher over SQLite, reached by RPC that copies what it
 * carries, takes its time, and fails when told to. A restart forgets its memory and breaks the calls that are open.
 */

import { LedgerCore } from '../../../src/engine/ledger/host/core.ts'
import { Dispatcher } from '../../../src/engine/ledger/host/dispatcher.ts'
import { callVerb, verbNames } from '../../../src/engine/ledger/host/verbs.ts'
import type { ShardSchedule } from '../../../src/engine/ledger/memory/schedule-index.ts'
import type { LedgerRpc, SyncRequest, Verb } from '../../../src/engine/ledger/protocol/protocol.ts'
import type { Sql } from '../../../src/engine/ledger/storage/sql.ts'
import type { TaskPolicy } from '../../../src/engine/ledger/transaction/context.ts'
import { Awake } from './awake.ts'
import type { Chance } from './chance.ts'
import type { Clock } from './clock.ts'
import { connectionLost } from './faults.ts'
import type { Isolate, LogEntry } from './isolate.ts'
import { VirtualAlarm } from './virtual-alarm.ts'

export type { Verb }

/** After this long with nothing to do an object is forgotten. */
const idleMs = 10_000

/** How a call goes wrong: before it takes effect, after it did, or in that its answer comes late or never. */
export type Fault =
  | { readonly when: 'before' | 'after'; readonly error: Error }
  | { readonly when: 'late'; readonly ms: number }
  | { readonly when: 'never' }

/** What a ledger takes from its deployment. */
export interface Surroundings {
  readonly clock: Clock
  /** The database of its own, empty. */
  readonly sql: VirtualSql
  /** Whether it forgets its memory when it has been idle, as the platform's objects do. */
  readonly hibernates: boolean
  readonly chance: Chance
  readonly policy: (task: string) => TaskPolicy
  /** The schedules of the code that live on this ledger. */
  readonly schedules: () => readonly ShardSchedule[]
  readonly serves: (task: string) => boolean
  readonly retentionMs: number
  readonly sendWakeUps: (count: number) => Promise<void>
  readonly startRunner: (() => Promise<void>) | undefined
}

/** A database that counts the rows written to it. */
export interface VirtualSql extends Sql {
  rowsWritten(): number
  /** Rows for those who look on: not part of what the engine reads. Default: `all`. */
  look?<Row>(query: string): Row[]
}

interface Activation {
  readonly dispatcher: Dispatcher
  readonly timers: Set<() => void>
  /** Breaks every open call. */
  readonly breaks: (error: Error) => void
  readonly broken: Promise<never>
}

export interface Call {
  readonly verb: Verb
  readonly request: unknown
  readonly at: number
}

export class VirtualLedger {
  readonly sql: VirtualSql
  readonly alarm: VirtualAlarm
  /** How long it was kept from hibernating. */
  readonly awake: Awake
  readonly calls: Call[] = []
  readonly warned: LogEntry[] = []
  /** The way from a caller to the ledger, and back. */
  latencyMs = 1
  /** Decides about each call as it is made. */
  fault: (verb: Verb, request: unknown) => Fault | undefined = () => undefined
  /** Decides about each statement. */
  sqlFault: (statement: string) => Error | undefined = () => undefined
  #activation: Activation | undefined
  #isCreated = false
  #open = 0

  constructor(
    readonly shard: number,
    private readonly around: Surroundings,
  ) {
    this.sql = around.sql
    this.awake = new Awake(around.clock)
    this.alarm = new VirtualAlarm(around.clock, () => {
      const { dispatcher } = this.#opened()
      const sleeps = this.awake.begins()
      dispatcher.alarm()
      sleeps()
    })
  }

  /** Calls that the ledger has begun to answer and has not answered. */
  get openCalls(): number {
    return this.#open
  }

  /** Timers that keep the ledger awake. */
  get timers(): number {
    return this.#activation?.timers.size ?? 0
  }

  /** Rows as they are on disk; none where nothing was ever recorded. */
  rows<Row>(query: string): Row[] {
    if (!this.#isCreated) return []
    return this.sql.look ? this.sql.look<Row>(query) : this.sql.all<Row>(query)
  }

  /** The calls of one verb. */
  called(verb: Verb): Call[] {
    return this.calls.filter((call) => call.verb === verb)
  }

  /** The syncs of all runners, each with the time at which it was sent. */
  syncs(): (SyncRequest & { sentAt: number })[] {
    return this.called('sync').map(({ request, at }) => ({ ...(request as SyncRequest), sentAt: at }))
  }

  /** Memory is forgotten; whoever waits for an answer learns that the object is gone. */
  restart(error = connectionLost()): void {
    const activation = this.#activation
    this.#activation = undefined
    for (const callOff of activation?.timers ?? []) callOff()
    activation?.breaks(error)
  }

  /** The ledger as an isolate reaches it. */
  stub(caller: Isolate): LedgerRpc {
    const reach =
      (verb: Verb) =>
      (...request: unknown[]) =>
        caller.asks(() => this.#carry(verb, structuredClone(request)))
    return Object.fromEntries(verbNames.map((verb) => [verb, reach(verb)])) as unknown as LedgerRpc
  }

  async #carry(verb: Verb, carried: readonly unknown[]): Promise<unknown> {
    const { clock } = this.around
    const [request] = carried
    this.calls.push({ verb, request, at: clock.now })
    const fault = this.fault(verb, request)
    await this.#travel()
    if (fault?.when === 'before') throw fault.error
    const answer = await this.#answer(verb, carried)
    await this.#travel(fault?.when === 'late' ? fault.ms : this.latencyMs)
    if (fault?.when === 'after') throw fault.error
    if (fault?.when === 'never') return new Promise(() => {})
    return structuredClone(answer)
  }

  #travel(ms = this.latencyMs): Promise<void> {
    const { clock } = this.around
    return new Promise((resolve) => {
      clock.ring(clock.now + ms, resolve, 'rpc')
    })
  }

  async #answer(verb: Verb, carried: readonly unknown[]): Promise<unknown> {
    const { dispatcher, broken } = this.#opened()
    this.#open++
    const sleeps = this.awake.begins()
    try {
      return await Promise.race([callVerb(dispatcher, verb, carried), broken])
    } finally {
      this.#open--
      sleeps()
    }
  }

  #opened(): Activation {
    const { idleSince } = this.awake
    if (this.around.hibernates && idleSince !== undefined && this.around.clock.now - idleSince > idleMs) this.restart()
    this.#activation ??= this.#activate()
    return this.#activation
  }

  #activate(): Activation {
    const { shard, around, alarm } = this
    const { clock, chance, startRunner } = around
    const timers = new Set<() => void>()
    const core = new LedgerCore(
      {
        shard,
        sql: this.#storage(),
        setAlarm: (at) => alarm.set(at),
        random: () => chance.random(),
        policy: around.policy,
        schedules: around.schedules(),
        serves: around.serves,
        retentionMs: around.retentionMs,
        historyBytesMax: 2 ** 30,
      },
      clock.now,
      alarm.at,
    )
    const dispatcher = new Dispatcher(core, shard, {
      now: () => clock.now,
      sendWakeUps: (count) => around.sendWakeUps(count),
      ...(startRunner && { startRunner }),
      setTimer: (ms, callback) => {
        const sleeps = this.awake.begins()
        const stop = clock.ring(
          clock.now + ms,
          () => {
            timers.delete(callOff)
            sleeps()
            callback()
          },
          'ledger',
        )
        const callOff = () => {
          timers.delete(callOff)
          sleeps()
          stop()
        }
        timers.add(callOff)
        return callOff
      },
      waitUntil: (promise) => {
        const sleeps = this.awake.begins()
        promise.then(sleeps, sleeps)
      },
      warn: (event, details) => this.warned.push({ event, ...details }),
    })
    let breaks: (error: Error) => void = () => {}
    const broken = new Promise<never>((_, reject) => {
      breaks = reject
    })
    broken.catch(() => {})
    this.#isCreated = true
    return { dispatcher, timers, breaks, broken }
  }

  /** Storage that fails when told to, with the alarm inside its transactions. */
  #storage(): Sql {
    const { sql, alarm } = this
    return {
      ...sql,
      all: (statement, ...bindings) => {
        const error = this.sqlFault(statement)
        if (error) throw error
        return sql.all(statement, ...bindings)
      },
      transaction: (work) => alarm.within(() => sql.transaction(work)),
    }
  }
}
