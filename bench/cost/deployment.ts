/**
 * A deployment whose costs are counted: the engine in a virtual world, over the SQLite of a real Durable Object. Time and
 * latencies are the world's, so that a week takes seconds and every run has the same counts. Rows are counted by the
 * cursors of the platform.
 */
import { DurableDatabase } from '../../src/testing/durable-database.ts'
import { World } from '../../src/testing/world.ts'
import type { Counts } from './counts.ts'

/** One way of an RPC. */
const rpcMs = 5
/** How long a call to the queue takes: the median that is published. */
const sendMs = 60
/** From the queue to its consumer. Nothing is published; a wake-up that takes half a second costs more, see `late`. */
const deliveryMs = 50
const minuteMs = 60_000
/** How long a finished job is kept. */
const retentionMs = 7 * 24 * 60 * minuteMs
/** A sweep removes finished jobs at the latest after this time. */
const sweepsMs = 6 * 60 * minuteMs

export interface DeploymentOptions {
  readonly deliveryMs?: number
}

export class Deployment {
  readonly world: World
  readonly #database: DurableDatabase
  #webRequests = 0

  /** @param storage of an object in which nothing is stored */
  constructor(storage: DurableObjectStorage, options: DeploymentOptions = {}) {
    const database = new DurableDatabase(storage)
    this.#database = database
    this.world = new World({ hibernates: true, directStart: true, database: () => database })
    this.world.ledger().latencyMs = rpcMs
    this.world.queue.accept = () => this.world.clock.sleep(sendMs)
    this.world.queue.fate = () => [options.deliveryMs ?? deliveryMs]
  }

  /**
   * Counts what some work costs in a ledger that has done the same work a retention period before. What a ledger writes once,
   * above all its schema, is not counted. New jobs take over the rows of the old ones, as the jobs of the next period will
   * take over theirs. Rows that are not taken over are swept, and that is counted.
   */
  async ofOneThatGoesOn(work: () => Promise<void>): Promise<Omit<Counts, 'jobs'>> {
    await this.#opens()
    const beganAt = this.world.clock.now
    await this.#works(work)
    const past = new Set(this.world.jobs().map(({ id }) => id))
    await this.world.clock.advance(beganAt + retentionMs + minuteMs - this.world.clock.now)
    const before = this.#read()
    await this.#works(work)
    await this.#untilGone(({ id }) => past.has(id))
    return this.#since(before)
  }

  /** Counts what some work costs in a new ledger that gets no work after it, so that a sweep removes all of it. */
  async ofOneThatEnds(work: () => Promise<void>): Promise<Omit<Counts, 'jobs'>> {
    await this.#opens()
    const before = this.#read()
    await this.#works(work)
    await this.world.clock.advance(retentionMs - sweepsMs)
    await this.#untilGone(() => true)
    return this.#since(before)
  }

  /** A request of the Worker that enqueues. */
  async request<T>(work: () => Promise<T>): Promise<T> {
    this.#webRequests++
    return this.world.until(work())
  }

  /** Moves the clock by minutes. After each, the watchdog comes by. */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      await this.world.clock.advance(minuteMs)
      await this.world.until(this.world.watchdog())
    }
  }

  async #opens(): Promise<void> {
    await this.world.until(this.world.ledger().stub(this.world.web).enqueue({ homeShards: 1, jobs: [] }))
    await this.minutes(2)
  }

  async #works(work: () => Promise<void>): Promise<void> {
    await work()
    await this.world.untilQuiet()
    await this.world.untilFinal()
    await this.minutes(1)
  }

  async #untilGone(isMeant: (job: { readonly id: string }) => boolean): Promise<void> {
    const endsAt = this.world.clock.now + 4 * sweepsMs
    while (this.world.jobs().some(isMeant)) {
      if (this.world.clock.now > endsAt) throw new Error('jobs were not pruned in time')
      await this.minutes(1)
    }
  }

  #since(before: Omit<Counts, 'jobs'>): Omit<Counts, 'jobs'> {
    const grown = Object.entries(this.#read()).map(([name, value]) => [
      name,
      value - before[name as keyof typeof before],
    ])
    return Object.fromEntries(grown) as Omit<Counts, 'jobs'>
  }

  #read(): Omit<Counts, 'jobs'> {
    const { world } = this
    const { meter } = this.#database
    const { alarm, awake, calls } = world.ledger()
    const ofTheWatchdog = calls.filter(({ verb }) => verb === 'wake' || verb === 'settings').length
    return {
      statementRows: meter.rowsWritten,
      alarmsSet: alarm.timesSet,
      rowsRead: meter.rowsRead,
      calls: calls.length - ofTheWatchdog,
      alarmsRung: alarm.timesRung,
      awakeMs: awake.ms,
      messages: world.queue.sent.length,
      webRequests: this.#webRequests,
      consumers: world.consumers.length - world.directStarts,
    }
  }
}
