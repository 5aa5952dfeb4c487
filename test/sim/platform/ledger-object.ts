/**
 * A ledger as the platform runs it: the engine's own Durable Object class, activated when it is called or its alarm
 * rings, forgotten when it is idle, reset at any step. Its storage and its alarm outlive each activation.
 */
import type { LedgerRpc } from '../../../src/engine/ledger/protocol/protocol.ts'
import { connectionLost, overloaded, superseded } from '../../engine/virtual/faults.ts'
import type { LedgerWatch } from '../checks/ledger-watch.ts'
import type { Weather } from '../weather.ts'
import { Activation } from './activation.ts'
import { Alarm } from './alarm.ts'
import { Invocation } from './invocation.ts'
import type { Isolate } from './isolate.ts'
import { heardBy, type Machine } from './machine.ts'
import { Storage } from './storage.ts'

export type Verb = keyof LedgerRpc

/** After this long with nothing to do an object is forgotten. */
const idleMs = 10_000
/** An alarm that fails is tried again this often, at growing intervals; then it is gone. */
const retriesMax = 6
const retryMs = 2_000

export interface LedgerPorts {
  readonly weather: Weather
  readonly watch: LedgerWatch
  readonly bytesFactor: number
  readonly hibernates: boolean
  /** The isolate a new activation lives in: of one version or the other. */
  readonly home: () => Isolate
}

export class LedgerObject {
  readonly storage: Storage
  readonly alarm: Alarm
  activation: Activation | undefined
  /** Alarms that are being answered, or will be tried again. */
  ringing = 0
  /** Alarms that were answered. */
  rung = 0
  /** An alarm was cut off after it had armed its deadman, which alone rings now. */
  isOnDeadman = false
  /** The alarm that is being answered has met an error, and said so. */
  hasFailed = false
  /** The alarm was tried so often that the platform has dropped it. */
  isDropped = false
  #usedAt = 0
  #failures = 0

  constructor(
    readonly shard: number,
    readonly ports: LedgerPorts,
    private readonly clock: Machine['around']['clock'],
  ) {
    this.storage = new Storage(ports.bytesFactor)
    const now = () => this.activation?.now() ?? clock.now
    this.alarm = new Alarm({ clock, weather: ports.weather, now, rings: () => this.#ring() })
  }

  /** A call by RPC: there, its effect, and back. Any part may go wrong. */
  async call(
    caller: Invocation | Activation,
    verb: Verb,
    asked: readonly unknown[],
    isCutOff: boolean,
  ): Promise<unknown> {
    if (caller.isDead) return new Promise(() => {})
    if (caller instanceof Invocation) caller.subrequest()
    return heardBy(caller, this.#carry(verb, structuredClone(asked), isCutOff))
  }

  /** The object is gone and everything it has not stored; whoever waits for an answer learns it. */
  reset(error = connectionLost()): void {
    const { activation } = this
    if (!activation) return
    this.activation = undefined
    activation.die()
    activation.breaks(error)
  }

  anyReset(): Error {
    return this.ports.weather.dice('reset').happens(0.5) ? superseded() : connectionLost()
  }

  async #carry(verb: Verb, asked: readonly unknown[], isCutOff: boolean): Promise<unknown> {
    const { weather, watch } = this.ports
    const slowMs = weather.strikes('rpcSlow') ? slow(weather) : 0
    const isSlowThere = slowMs > 0 && weather.dice('rpcSlow').happens(0.5)
    const isLost = isCutOff || weather.strikes('rpcBefore')
    const before = isLost ? this.anyReset() : weather.strikes('rpcOverloaded') ? overloaded() : undefined
    const after = weather.strikes('rpcAfter')
      ? this.anyReset()
      : weather.strikes('rpcStrange')
        ? new Error('something unheard of')
        : undefined
    await this.#travel(isSlowThere ? slowMs : 0)
    if (before) throw before
    const answer = await this.#answer(verb, asked)
    watch.settled(this)
    await this.#travel(isSlowThere ? 0 : slowMs)
    if (after) throw after
    return structuredClone(answer)
  }

  #travel(slowMs: number): Promise<void> {
    const ms = this.ports.weather.dice('latency').between(1, 3) + slowMs
    return new Promise((resolve) => {
      this.clock.ring(this.clock.now + ms, resolve, 'rpc')
    })
  }

  async #answer(verb: Verb, asked: readonly unknown[]): Promise<unknown> {
    const activation = this.#opened()
    return activation.answers(verb, () =>
      (activation.object[verb] as (...asked: readonly unknown[]) => Promise<unknown>)(...asked),
    )
  }

  #opened(): Activation {
    const { hibernates } = this.ports
    const isIdle = this.activation && !this.activation.isBusy && this.clock.now - this.#usedAt > idleMs
    if (isIdle && hibernates) {
      this.ports.weather.count('hibernated')
      this.reset()
    }
    this.#usedAt = this.clock.now
    if (!this.activation) {
      this.ports.watch.idling.activated()
      this.activation = new Activation(this, this.ports.home())
    }
    return this.activation
  }

  #ring(): void {
    const activation = this.#opened()
    this.ports.watch.idling.rang(this.shard)
    this.ringing++
    activation
      .answers('alarm', () => activation.object.alarm())
      .then(
        () => {
          this.ringing--
          this.rung++
          this.#failures = 0
          this.isOnDeadman = this.hasFailed
          this.hasFailed = false
          this.ports.watch.settled(this)
        },
        (error: unknown) => {
          if (!activation.isDead) this.ports.watch.threw(this, error)
          this.#rungInVain(activation.isDead)
        },
      )
  }

  /** The platform tries again, unless the handler has got as far as arming the next alarm. */
  #rungInVain(wasReset: boolean): void {
    this.ringing--
    if (this.alarm.at !== undefined) {
      this.isOnDeadman = true
      return
    }
    if (!wasReset && ++this.#failures > retriesMax) {
      this.isDropped = true
      return
    }
    this.ringing++
    this.clock.ring(
      this.clock.now + retryMs * 2 ** Math.min(this.#failures, 5),
      () => {
        this.ringing--
        this.#ring()
      },
      'alarm',
    )
  }
}

function slow(weather: Weather): number {
  const dice = weather.dice('rpcSlow')
  return dice.one([
    dice.between(3, 50),
    dice.between(50, 1_500),
    dice.between(1_500, 8_000),
    dice.between(8_000, 45_000),
  ])
}
