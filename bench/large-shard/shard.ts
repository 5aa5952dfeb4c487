/**
 * A ledger's core over a file, and the rows of a shard that has been busy for a long time. Those rows are copies of rows
 * that the core has written itself, so that they always have its current form. To write a million by its verbs would take
 * minutes.
 */
import { DatabaseSync } from 'node:sqlite'
import type { LedgerCore } from '../../src/engine/ledger/host/core.ts'
import type { NewJob } from '../../src/engine/ledger/protocol/enqueue.ts'
import type { Settlement, SyncRequest } from '../../src/engine/ledger/protocol/sync.ts'
import { nodeSql } from '../../src/testing/node-database.ts'
import { coreOptions, type Engine, loadEngine } from '../engine.ts'

const task = 'noop'
const hourMs = 3_600_000

/** One shard in a file: its core, and the database below. */
export class Shard implements Disposable {
  readonly core: LedgerCore
  /** The time that its activation took. */
  readonly openedMs: number
  readonly #database: DatabaseSync
  readonly #engine: Engine
  #seq = 0
  #settle: readonly Settlement[] = []

  private constructor(core: LedgerCore, openedMs: number, database: DatabaseSync, engine: Engine) {
    this.core = core
    this.openedMs = openedMs
    this.#database = database
    this.#engine = engine
  }

  /** Activates the ledger in a file, which is created if it does not exist. */
  static async open(file: string): Promise<Shard> {
    const engine = await loadEngine()
    const database = new DatabaseSync(file)
    // Like the database of a Durable Object, except that no other machine confirms each write.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    const options = coreOptions(nodeSql(database), { retry: engine.defaultRetryPolicy, onFailed: false })
    const began = performance.now()
    const core = new engine.LedgerCore(options, Date.now(), undefined)
    return new Shard(core, performance.now() - began, database, engine)
  }

  /** Records `count` jobs. Returns the milliseconds that this took. */
  enqueue(count: number): number {
    return this.#record(count, Date.now()).took
  }

  /** Settles the jobs of the previous claim and claims up to `want` others. Returns the milliseconds that this took. */
  claim(want: number): number {
    const request: SyncRequest = {
      runner: 'bench',
      seq: ++this.#seq,
      ack: this.#seq - 1,
      tasks: { [task]: 25_000 },
      settle: this.#settle,
      heartbeats: [],
      want,
      remainingMs: 600_000,
    }
    const began = performance.now()
    const { claimed } = this.core.sync(request, Date.now())
    const took = performance.now() - began
    this.#settle = claimed.map(({ id, lease }) => ({ id, lease, outcome: { kind: 'completed' }, ranMs: 1 }))
    return took
  }

  /** Writes `finished` finished jobs of an hour ago, and `waiting` queued jobs that are newer. */
  fill(finished: number, waiting: number): void {
    const finishedAt = Date.now() - hourMs
    const { first: finishedId } = this.#record(1, finishedAt)
    this.claim(1)
    this.claim(0)
    this.#copy(finishedId, finished - 1, finishedAt)
    const waitingAt = finishedAt + hourMs / 2
    const { first: waitingId } = this.#record(1, waitingAt)
    this.#copy(waitingId, waiting - 1, waitingAt)
  }

  /** Records jobs. Returns the id of the first and the milliseconds that this took. */
  #record(count: number, now: number): { first: string; took: number } {
    const { newJobId } = this.#engine
    const ids = Array.from({ length: count }, () => newJobId(0, now, Math.random))
    const jobs = ids.map((id): NewJob => ({ id, task, input: '{"n":0}', maxAttempts: 5 }))
    const began = performance.now()
    this.core.enqueue({ homeShards: 1, jobs }, now)
    return { first: ids[0] ?? '', took: performance.now() - began }
  }

  /** Copies a job's row under `count` consecutive ids of the time `madeAt`. */
  #copy(id: string, count: number, madeAt: number): void {
    const sql = nodeSql(this.#database)
    const others = sql
      .all<{ name: string }>('SELECT name FROM pragma_table_info(?) WHERE name <> ?', 'jobs', 'id')
      .map(({ name }) => name)
    const prefix = this.#engine.jobIdFloor(0, madeAt).slice(0, -16)
    sql.all(
      `INSERT INTO jobs (id, ${others}) WITH RECURSIVE numbers (n) AS
         (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
       SELECT ? || printf('%016X', n), ${others} FROM numbers, (SELECT * FROM jobs WHERE id = ?)`,
      count,
      prefix,
      id,
    )
  }

  [Symbol.dispose](): void {
    this.#database.close()
  }
}

/**
 * Fills the file of a ledger and lets the first activation settle: it reads past the rows that were written behind the
 * ledger's back and moves the watermark. No job of a halted ledger is claimed afterwards, so that it stays as it is.
 */
export async function fill(file: string, finished: number, waiting: number, isHalted: boolean): Promise<void> {
  {
    using filling = await Shard.open(file)
    filling.fill(finished, waiting)
    if (isHalted) filling.core.halt(true, Date.now())
  }
  using settling = await Shard.open(file)
  settling.claim(0)
}
