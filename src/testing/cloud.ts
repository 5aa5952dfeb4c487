/**
 * What a deployment runs on: isolates with their invocations, ledgers, a queue with its consumers, the cron trigger.
 * Nothing goes wrong here by itself. Each part has hooks for whoever interferes, and an `Observer` is told what happens.
 */
import type { EngineHost } from '../engine/compose.ts'
import type { Clock } from './clock.ts'
import { Invocation, type InvocationKind } from './invocation.ts'
import type { Isolate } from './isolate.ts'
import { VirtualLedger } from './ledger.ts'
import { type Machine, machine, platformOf, runningMachine, type Surroundings } from './machine.ts'
import type { Observer } from './observer.ts'
import { VirtualQueue } from './queue.ts'
import type { Database } from './storage.ts'

export interface CloudOptions {
  readonly clock: Clock
  /** The random numbers that the engine gets: from 0 up to 1. */
  readonly random: () => number
  readonly shards: number
  /** Opens the database of one ledger, empty. */
  readonly database: (shard: number) => Database
  /** Whether idle ledgers forget their memory. */
  readonly hibernates: boolean
  /** How many queue consumers work at once. Default: any number. */
  readonly consumersMax?: number
  readonly observer?: Observer
  /** The machine that code runs on which no machine has started. Default: such code cannot use the platform. */
  readonly outside?: () => Machine
  /** The isolate that an activation of a ledger lives in. Default: as `isolateFor`. */
  readonly home?: () => Isolate
  /** The isolate that a new invocation runs in. */
  readonly isolateFor: (kind: InvocationKind) => Isolate
  /** How many subrequests a new invocation may make. */
  readonly subrequests?: () => number
  /** When a queue consumer is cut. */
  readonly consumerMs?: () => number
}

/** What the platform gives an invocation. */
const subrequestsMax = 1_000
const consumerMsMax = 15 * 60_000
/** Work after a response, or after an RPC's answer, is cut after this long. */
const afterResponseMs = 30_000

export class Cloud {
  readonly clock: Clock
  readonly around: Surroundings
  readonly ledgers: readonly VirtualLedger[]
  readonly queue: VirtualQueue
  /** The bindings that the engine needs. */
  readonly bindings: object
  /** What the engine is composed over. Its platform is the machine that the calling code runs on. */
  readonly host: EngineHost
  /** Runners that ledgers have started without the queue. */
  directStarts = 0
  readonly #options: CloudOptions
  readonly #observer: Observer
  #numbered = 0

  constructor(options: CloudOptions) {
    const { clock, random, observer = {}, shards, database, hibernates } = options
    this.#options = options
    this.#observer = observer
    this.clock = clock
    this.around = { clock, random, observer }
    this.bindings = { LEDGER: this.#namespace(), JOBS: this.#producer() }
    this.host = {
      platform: platformOf(() => this.#here()),
      startRunner: () => (shard) => this.#startRunner(shard),
    }
    this.queue = new VirtualQueue({
      clock,
      observer,
      consumersMax: options.consumersMax ?? Number.POSITIVE_INFINITY,
      consume: (batch) => this.#consume(batch),
    })
    this.ledgers = Array.from(
      { length: shards },
      (_, shard) =>
        new VirtualLedger({
          shard,
          around: this.around,
          observer,
          database: database(shard),
          hibernates,
          home: () => (options.home ? options.home() : options.isolateFor('direct')),
        }),
    )
  }

  /** How many isolates and invocations were numbered. */
  get numbered(): number {
    return this.#numbered
  }

  /** The next number, for the name of an isolate or of an invocation. */
  number(): number {
    return ++this.#numbered
  }

  ledger(shard = 0): VirtualLedger {
    const found = this.ledgers[shard]
    if (!found) throw new Error(`there is no ledger ${shard}; there are ${this.ledgers.length}`)
    return found
  }

  invocation(kind: InvocationKind, isolate: Isolate, subrequests?: number): Invocation {
    const most = subrequests ?? this.#options.subrequests?.() ?? subrequestsMax
    const name = `${kind}${this.number()}@${isolate.name}`
    return new Invocation({ name, kind, isolate, subrequests: most, observer: this.#observer })
  }

  /** A request to the Worker. It is answered when `work` is done; what it leaves running is cut half a minute later. */
  request<I extends Isolate, T>(isolate: I, work: (isolate: I, invocation: Invocation) => Promise<T>): Promise<T> {
    const invocation = this.invocation('web', isolate)
    return new Promise((resolve, reject) => {
      invocation
        .run(() => work(isolate, invocation))
        .then(resolve, reject)
        .finally(() => this.#cutAfterAnswer(invocation))
    })
  }

  /** The cron trigger fires. */
  async cron(): Promise<Invocation> {
    const isolate = this.#options.isolateFor('cron')
    const invocation = this.invocation('cron', isolate)
    await invocation.run(() => isolate.program.service.scheduled()).finally(() => invocation.die())
    return invocation
  }

  close(): void {
    for (const { storage } of this.ledgers) storage.database.close()
  }

  #here(): Machine {
    return runningMachine() ?? this.#options.outside?.() ?? machine()
  }

  /** A ledger starts a runner in an invocation of its own. Resolves when the runner has been started. */
  async #startRunner(shard: number): Promise<void> {
    const isolate = this.#options.isolateFor('direct')
    const invocation = this.invocation('direct', isolate)
    this.directStarts++
    await invocation.run(async () => invocation.waitUntil(isolate.program.service.runShard(shard)))
    this.#cutAfterAnswer(invocation)
  }

  async #consume(batch: MessageBatch): Promise<boolean> {
    const isolate = this.#options.isolateFor('queue')
    const invocation = this.invocation('queue', isolate)
    const wallMs = this.#options.consumerMs?.() ?? consumerMsMax
    const died = new Promise<boolean>((resolve) => {
      invocation.ends.push(
        this.clock.ring(this.clock.now + wallMs, () => invocation.die(), 'platform'),
        () => resolve(false),
      )
    })
    const ended = invocation
      .run(() => isolate.program.service.queue(batch))
      .then(
        () => true,
        (error: unknown) => {
          invocation.uncaught.push(error)
          this.#observer.consumerThrew?.(invocation, error)
          return false
        },
      )
    const isEnded = await Promise.race([ended, died])
    invocation.die()
    return isEnded
  }

  #cutAfterAnswer(invocation: Invocation): void {
    if (invocation.isDead) return
    if (invocation.unfinished === 0) {
      invocation.die()
      return
    }
    const { clock } = this
    invocation.ends.push(clock.ring(clock.now + afterResponseMs, () => invocation.die(), 'platform'))
  }

  /** The binding of the ledgers: each call is made by the machine that the calling code runs on. */
  #namespace() {
    return {
      idFromName: (name: string) => ({ name }),
      get: ({ name }: { name: string }) => this.ledger(Number(name.slice('shard-'.length))).stub(this.#here()),
    }
  }

  #producer() {
    return {
      sendBatch: (messages: readonly { readonly body: unknown }[]) => this.queue.sendBatch(this.#here(), messages),
    }
  }
}
