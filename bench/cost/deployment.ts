/**
 * A deployment whose costs are counted: the engine in a virtual world, over the SQLite of a real Durable Object. Time and
 * latencies are the world's, so that a week takes seconds and a count is the same in every run; rows are counted by the
 * platform's own cursors.
 */
import { durableSql } from '../../src/engine/ledger/durable-sql.ts'
import type { Meter } from '../../src/engine/ledger/sql.ts'
import { BareWorld } from '../../test/engine/virtual/bare-world.ts'
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
/** How long the engine keeps the sums of a minute, and of how many minutes it has some when the count begins. */
const keptSumsMinutes = 48 * 60
const sumsMinutes = 180
/** By then what a sweep has left over is gone too. */
const sweepsMs = 3 * 60 * minuteMs

export interface DeploymentOptions {
  readonly deliveryMs?: number
}

export class Deployment {
  readonly world: BareWorld
  readonly #meter: Meter = { rowsRead: 0, rowsWritten: 0 }
  #webRequests = 0
  /** The reading when what is counted began. */
  #before: Omit<Counts, 'jobs'> | undefined

  /** @param storage of an object in which nothing is stored */
  constructor(
    private readonly storage: DurableObjectStorage,
    options: DeploymentOptions = {},
  ) {
    const meter = this.#meter
    this.world = new BareWorld({
      hibernates: true,
      directStart: true,
      sql: () => ({
        ...durableSql(storage, meter),
        rowsWritten: () => meter.rowsWritten,
        look: <Row>(query: string) => storage.sql.exec(query).toArray() as Row[],
      }),
    })
    this.world.ledger().latencyMs = rpcMs
    this.world.queue.accept = () => this.world.clock.sleep(sendMs)
    this.world.queue.fate = () => [options.deliveryMs ?? deliveryMs]
  }

  /**
   * From here on everything counts. What a ledger writes once in its life, its schema above all, is behind it, and it has
   * sums of this task that are old enough for their rows to be taken over, as one has that runs for more than two days.
   */
  async begin(task: string): Promise<void> {
    await this.world.until(this.world.client.record(0, []))
    await this.minutes(2)
    const { sql } = this.storage
    const expired = Math.floor(this.world.clock.now / minuteMs) - keptSumsMinutes - sumsMinutes - 1
    for (let minute = expired; minute < expired + sumsMinutes; minute++)
      sql.exec("INSERT INTO task_minutes (task, minute, sums, totals) VALUES (?, ?, '{}', '{}')", task, minute)
    this.#before = this.#read()
  }

  /** A request of the Worker that enqueues. */
  async request<T>(work: () => Promise<T>): Promise<T> {
    this.#webRequests++
    return this.world.until(work())
  }

  /** Lets minutes pass. With each the watchdog comes by. */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      await this.world.clock.advance(minuteMs)
      await this.world.until(this.world.client.wakeAll())
    }
  }

  /** Lets time pass until every job is finished, kept for as long as it is to be kept, and gone. Answers the counts. */
  async end(jobs: number): Promise<Counts> {
    await this.world.untilQuiet()
    await this.world.untilFinal()
    await this.minutes(1)
    // It goes on, and those who come next take the rows of the sums over: they are not removed.
    this.storage.sql.exec("DELETE FROM task_minutes WHERE sums = '{}'")
    this.storage.sql.exec('UPDATE task_minutes SET minute = minute + ?', retentionMs / minuteMs)
    await this.world.clock.advance(retentionMs - sweepsMs)
    const endsAt = this.world.clock.now + 3 * sweepsMs + 24 * 60 * minuteMs
    while (this.world.jobs().length > 0) {
      if (this.world.clock.now > endsAt) throw new Error(`${this.world.jobs().length} jobs were not pruned in time`)
      await this.minutes(1)
    }
    await this.minutes(15)
    const [after, before] = [this.#read(), this.#before]
    if (!before) throw new Error('what is counted has not begun')
    const grown = Object.entries(after).map(([name, value]) => [name, value - before[name as keyof typeof before]])
    return { jobs, ...Object.fromEntries(grown) } as Counts
  }

  #read(): Omit<Counts, 'jobs'> {
    const { world } = this
    const { alarm, awake, calls } = world.ledger()
    const ofTheWatchdog = calls.filter(({ verb }) => verb === 'wake' || verb === 'settings').length
    return {
      statementRows: this.#meter.rowsWritten,
      alarmsSet: alarm.timesSet,
      rowsRead: this.#meter.rowsRead,
      calls: calls.length - ofTheWatchdog,
      alarmsRung: alarm.timesRung,
      awakeMs: awake.ms,
      messages: world.queue.sent.length,
      webRequests: this.#webRequests,
      consumers: world.consumers.length - world.directStarts,
    }
  }
}
