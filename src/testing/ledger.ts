/**
 * A ledger as the platform runs it: the engine's own object. It is activated when it is called or its alarm rings,
 * forgotten when it is idle, and can be restarted at any step. Its storage and its alarm outlive each activation.
 */
import { verbNames } from '../engine/ledger/host/verbs.ts'
import type { SyncRequest } from '../engine/ledger/protocol/sync.ts'
import type { LedgerRpc, Verb } from '../engine/ledger/protocol/verbs.ts'
import { type ActivatedLedger, Activation, type CallKind } from './activation.ts'
import { VirtualAlarm } from './alarm.ts'
import { Awake } from './awake.ts'
import { connectionLost } from './faults.ts'
import type { Isolate } from './isolate.ts'
import { heardBy, type LogEntry, type Machine, type Surroundings } from './machine.ts'
import { type Database, Storage } from './storage.ts'

export type { CallKind, Verb }

/** How a call goes wrong. `before`: it fails before it took effect. `after`: it took effect, and its caller is told that it failed. */
export type Fault =
  | { readonly when: 'before' | 'after'; readonly error: Error }
  /** It takes this much longer: its request on the way there, or (default) its answer on the way back. */
  | { readonly when: 'late'; readonly ms: number; readonly way?: 'there' | 'back' }
  /** Its answer never comes. */
  | { readonly when: 'never' }

export interface Call {
  readonly verb: Verb
  readonly request: unknown
  readonly at: number
}

export interface LedgerObserver {
  /** A ledger is about to be activated. */
  activating?(ledger: VirtualLedger): void
  /** A ledger was idle, and its memory is about to be forgotten. */
  hibernating?(ledger: VirtualLedger): void
  /** An alarm has reached a ledger. */
  rang?(ledger: VirtualLedger): void
  alarmAnswered?(ledger: VirtualLedger): void
  /** The alarm's handler has failed. `error` is undefined when the activation died under it. */
  alarmFailed?(ledger: VirtualLedger, error?: { readonly thrown: unknown }): void
  /** A ledger has answered a call, or failed it, after holding it for `ms`. */
  answered?(ledger: VirtualLedger, kind: CallKind, ms: number): void
  /** A call or an alarm has been dealt with. */
  settled?(ledger: VirtualLedger): void
  /** Something is on disk. A throw reaches the code that has committed, as a reset of the object does. */
  committed?(ledger: VirtualLedger, activation: Activation): void
}

export interface LedgerOptions {
  readonly shard: number
  readonly around: Surroundings
  readonly observer: LedgerObserver
  /** Empty. */
  readonly database: Database
  /** Whether its memory is forgotten when it has been idle. */
  readonly hibernates: boolean
  /** The isolate that a new activation lives in. */
  readonly home: () => Isolate
}

/** After this long without anything to do an object is forgotten. */
const idleMs = 10_000
/** The platform tries an alarm that has failed this often again, at growing intervals. Then the alarm is gone. */
const retriesMax = 6
const retryMs = 2_000

export class VirtualLedger implements ActivatedLedger {
  readonly shard: number
  readonly storage: Storage
  readonly alarm: VirtualAlarm
  /** How long it was kept from hibernating. */
  readonly awake: Awake
  /** Every call, in the order in which they were made. */
  readonly calls: Call[] = []
  /** What its activations have warned of. */
  readonly warned: LogEntry[] = []
  /** How long a request travels, and an answer. */
  latencyMs = 1
  /** The same for one way: asked at each. */
  travelMs: () => number = () => this.latencyMs
  /** Decides what goes wrong with a call. Asked when it is made. */
  fault: (verb: Verb, request: unknown, caller: Machine) => Fault | readonly Fault[] | undefined = () => undefined
  /** Decides whether a statement fails. */
  sqlFault: (statement: string) => Error | undefined = () => undefined
  /** How a call reaches this ledger. Whoever interferes may replace it, and calls `call` in it. */
  reach: (caller: Machine, verb: Verb, asked: readonly unknown[]) => Promise<unknown> = (caller, verb, asked) =>
    this.call(caller, verb, asked)
  activation: Activation | undefined
  /** Alarms that are being answered, or will be tried again. */
  ringing = 0
  /** Alarms that were answered. */
  rung = 0
  /** The alarm has failed so often that the platform has dropped it. */
  isDropped = false
  readonly #around: Surroundings
  readonly #observer: LedgerObserver
  readonly #hibernates: boolean
  readonly #home: () => Isolate
  #usedAt = 0
  #failures = 0

  constructor({ shard, around, observer, database, hibernates, home }: LedgerOptions) {
    const { clock } = around
    this.shard = shard
    this.#around = around
    this.#observer = observer
    this.#hibernates = hibernates
    this.#home = home
    this.storage = new Storage(database)
    this.awake = new Awake(clock)
    this.alarm = new VirtualAlarm({ clock, now: () => this.activation?.now() ?? clock.now, ring: () => this.#ring() })
  }

  /** Calls that the ledger has begun to answer and has not answered. */
  get openCalls(): number {
    return this.activation?.calls ?? 0
  }

  /** Timers that keep the ledger awake. */
  get timers(): number {
    return this.activation?.timers ?? 0
  }

  /** Rows as they are on disk. None where nothing was ever recorded. */
  rows<Row>(query: string): Row[] {
    return this.storage.isUsed ? this.storage.database.look<Row>(query) : []
  }

  /** The calls of one verb. */
  called(verb: Verb): Call[] {
    return this.calls.filter((call) => call.verb === verb)
  }

  /** The syncs of all runners, each with the time at which it was sent. */
  syncs(): (SyncRequest & { sentAt: number })[] {
    return this.called('sync').map(({ request, at }) => ({ ...(request as SyncRequest), sentAt: at }))
  }

  /** The ledger as a machine reaches it. */
  stub(caller: Machine): LedgerRpc {
    const methods = verbNames.map((verb) => [verb, (...asked: unknown[]) => this.reach(caller, verb, asked)])
    return Object.fromEntries(methods) as unknown as LedgerRpc
  }

  /** Its memory is forgotten. Whoever waits for an answer gets the error. */
  restart(error = connectionLost()): void {
    const { activation } = this
    if (!activation) return
    this.activation = undefined
    activation.die()
    activation.break(error)
  }

  /** A call by RPC. What it carries is copied, on the way there and back. */
  async call(caller: Machine, verb: Verb, asked: readonly unknown[]): Promise<unknown> {
    if (caller.isDead) return new Promise(() => {})
    caller.subrequest()
    return heardBy(caller, this.#carry(caller, verb, structuredClone(asked)))
  }

  onAnswered(kind: CallKind, ms: number): void {
    this.#observer.answered?.(this, kind, ms)
  }

  onCommitted(activation: Activation): void {
    this.#observer.committed?.(this, activation)
  }

  async #carry(caller: Machine, verb: Verb, asked: readonly unknown[]): Promise<unknown> {
    const { clock } = this.#around
    const [request] = asked
    this.calls.push({ verb, request, at: clock.now })
    const fault = mishapOf(this.fault(verb, request, caller))
    await this.#travel(fault.thereMs)
    if (fault.before) throw fault.before
    const activation = this.#opened()
    const answer = await activation.answer(verb, () => activation.host.call(verb, asked))
    this.#observer.settled?.(this)
    await this.#travel(fault.backMs)
    if (fault.after) throw fault.after
    if (fault.isUnanswered) return new Promise(() => {})
    return structuredClone(answer)
  }

  #travel(lateMs: number): Promise<void> {
    const { clock } = this.#around
    const ms = this.travelMs() + lateMs
    return new Promise((resolve) => {
      clock.ring(clock.now + ms, resolve, 'rpc')
    })
  }

  #opened(): Activation {
    const { clock } = this.#around
    const isIdle = this.activation && !this.activation.isBusy && clock.now - this.#usedAt > idleMs
    if (isIdle && this.#hibernates) {
      this.#observer.hibernating?.(this)
      this.restart()
    }
    this.#usedAt = clock.now
    if (!this.activation) {
      this.#observer.activating?.(this)
      this.activation = new Activation(this, this.#home())
    }
    return this.activation
  }

  #ring(): void {
    const activation = this.#opened()
    this.#observer.rang?.(this)
    this.ringing++
    activation
      .answer('alarm', () => activation.host.alarm())
      .then(
        () => {
          this.ringing--
          this.rung++
          this.#failures = 0
          this.#observer.alarmAnswered?.(this)
          this.#observer.settled?.(this)
        },
        (thrown: unknown) => {
          this.ringing--
          if (activation.isDead) this.#observer.alarmFailed?.(this)
          else this.#observer.alarmFailed?.(this, { thrown })
          this.#again(activation.isDead)
        },
      )
  }

  /** The platform tries again, unless the handler has got as far as arming the next alarm. */
  #again(wasReset: boolean): void {
    if (this.alarm.at !== undefined) return
    if (!wasReset && ++this.#failures > retriesMax) {
      this.isDropped = true
      return
    }
    const { clock } = this.#around
    this.ringing++
    clock.ring(
      clock.now + retryMs * 2 ** Math.min(this.#failures, 5),
      () => {
        this.ringing--
        this.#ring()
      },
      'alarm',
    )
  }
}

/** What becomes of one call. */
interface Mishap {
  before?: Error
  after?: Error
  thereMs: number
  backMs: number
  isUnanswered: boolean
}

function mishapOf(faults: Fault | readonly Fault[] | undefined): Mishap {
  const mishap: Mishap = { thereMs: 0, backMs: 0, isUnanswered: false }
  for (const fault of faults === undefined ? [] : [faults].flat()) {
    if (fault.when === 'never') mishap.isUnanswered = true
    else if (fault.when === 'late') mishap[fault.way === 'there' ? 'thereMs' : 'backMs'] += fault.ms
    else mishap[fault.when] = fault.error
  }
  return mishap
}
