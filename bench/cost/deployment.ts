/**
 * A deployment whose costs are counted: the engine on the virtual platform, over the SQLite of a real Durable Object. Time
 * and latencies are virtual, so that a week takes seconds and every run has the same counts. Rows are counted by the real
 * platform's cursors.
 */
import { DurableDatabase } from '../../src/testing/durable-database.ts'
import { World } from '../../src/testing/world.ts'
import type { Counts } from './counts.ts'

/** The latency of an RPC in one direction. */
const rpcMs = 5
/** How long a call to the queue takes: the published median. */
const sendMs = 60
/** From the queue to its consumer. Cloudflare publishes no figure. From half a second on a job costs more, see `late`. */
const deliveryMs = 50
const minuteMs = 60_000
/** How long a finished job is kept. */
const retentionMs = 7 * 24 * 60 * minuteMs
/** Within this time after the retention, the sweep removes the rows that no new job recycles. */
const sweepMs = 6 * 60 * minuteMs

export interface DeploymentOptions {
  /** From the queue to its consumer. Default: 50. */
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
   * Counts the cost of some work in the steady state: the ledger has done the same work one retention period before, so that
   * the new jobs recycle the rows of the old ones. What a ledger writes once in its life, such as its schema, is not counted.
   * Rows of the old jobs that cannot be recycled are removed by the sweep, which is counted.
   */
  async countSteady(work: () => Promise<void>): Promise<Omit<Counts, 'jobs'>> {
    await this.#open()
    const beganAt = this.world.clock.now
    await this.#run(work)
    const oldIds = new Set(this.world.jobs().map(({ id }) => id))
    await this.world.clock.advance(beganAt + retentionMs + minuteMs - this.world.clock.now)
    const before = this.#read()
    await this.#run(work)
    await this.#untilGone(({ id }) => oldIds.has(id))
    return this.#since(before)
  }

  /** Counts the cost of some work in a new ledger in which no work follows, until the sweep has removed all rows. */
  async countAlone(work: () => Promise<void>): Promise<Omit<Counts, 'jobs'>> {
    await this.#open()
    const before = this.#read()
    await this.#run(work)
    await this.world.clock.advance(retentionMs - sweepMs)
    await this.#untilGone(() => true)
    return this.#since(before)
  }

  /** A request of the Worker that enqueues. */
  async request<T>(work: () => Promise<T>): Promise<T> {
    this.#webRequests++
    return this.world.until(work())
  }

  /** Advances the time by minutes, and runs the watchdog after each. */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      await this.world.clock.advance(minuteMs)
      await this.world.until(this.world.watchdog())
    }
  }

  async #open(): Promise<void> {
    await this.world.until(this.world.ledger().stub(this.world.web).enqueue({ homeShards: 1, jobs: [] }))
    await this.minutes(2)
  }

  async #run(work: () => Promise<void>): Promise<void> {
    await work()
    await this.world.untilQuiet()
    await this.world.untilFinal()
    await this.minutes(1)
  }

  async #untilGone(isIncluded: (job: { readonly id: string }) => boolean): Promise<void> {
    const endsAt = this.world.clock.now + 4 * sweepMs
    while (this.world.jobs().some(isIncluded)) {
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
    const watchdogCalls = calls.filter(({ verb }) => verb === 'wake' || verb === 'settings').length
    return {
      statementRows: meter.rowsWritten,
      alarmsSet: alarm.timesSet,
      rowsRead: meter.rowsRead,
      calls: calls.length - watchdogCalls,
      alarmsRung: alarm.timesRung,
      awakeMs: awake.ms,
      messages: world.queue.sent.length,
      webRequests: this.#webRequests,
      consumers: world.consumers.length - world.directStarts,
    }
  }
}
