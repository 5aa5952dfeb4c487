/**
 * A ledger's core over a file, and the rows of a shard that has been busy for long. Rows are copies of such as the core
 * has written itself, so that they have its exact form whatever that is; by its verbs alone a million would take minutes.
 */
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { build } from 'esbuild'
import { nodeSql } from '../../src/testing/node-database.ts'

export const finishedJobs = 1_000_000
export const waitingJobs = 100_000
export const batch = 100

const engine = join(import.meta.dirname, '../../src/engine/ledger')
const bundle = join(import.meta.dirname, '../../node_modules/.cache/bench/ledger.mjs')
const task = 'noop'

/** As much of the core as is used here. It is bundled when the bench runs, so it is typed here. */
export interface Core {
  enqueue(request: { homeShards: number; jobs: readonly object[] }, now: number): unknown
  sync(request: object, now: number): { claimed: readonly Claimed[] }
  halt(on: boolean, now: number): void
}

interface Claimed {
  readonly id: string
  readonly lease: string
}

interface Engine {
  readonly LedgerCore: new (options: object, now: number, alarmAt: undefined) => Core
  readonly newJobId: (shard: number, now: number, random: () => number) => string
  readonly jobIdFloor: (shard: number, ms: number) => string
}

let loading: Promise<Engine> | undefined

export function loadEngine(): Promise<Engine> {
  loading ??= build({
    stdin: {
      contents: `export { LedgerCore } from './host/core.ts'; export { newJobId, jobIdFloor } from './domain/job-id.ts'`,
      resolveDir: engine,
    },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: bundle,
  }).then(() => import(bundle) as Promise<Engine>)
  return loading
}

/** One shard in a file: its core, and the database below. */
export class Shard implements Disposable {
  readonly core: Core
  readonly openedMs: number
  readonly #database: DatabaseSync
  readonly #engine: Engine
  #seq = 0
  #settle: object[] = []

  private constructor(core: Core, openedMs: number, database: DatabaseSync, engine: Engine) {
    this.core = core
    this.openedMs = openedMs
    this.#database = database
    this.#engine = engine
  }

  static async open(file: string): Promise<Shard> {
    const engine = await loadEngine()
    const database = new DatabaseSync(file)
    // What a Durable Object's database is like, but for the confirmation of each write by others.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL')
    const retry = { maxAttempts: 5, backoff: 'exponential', delayMs: 1_000, maxDelayMs: 3_600_000, jitter: 'full' }
    const options = {
      shard: 0,
      sql: nodeSql(database),
      setAlarm() {},
      random: Math.random,
      policy: () => ({ retry, onFailed: false }),
      retentionMs: 7 * 86_400_000,
      historyBytesMax: 2 ** 32,
    }
    const began = performance.now()
    const core = new engine.LedgerCore(options, Date.now(), undefined)
    return new Shard(core, performance.now() - began, database, engine)
  }

  /** Records a batch. Answers how long that took. */
  enqueue(count: number): number {
    return this.#record(count, Date.now()).took
  }

  /** Settles what was claimed before, and claims a batch. Answers how long that took. */
  claim(want: number): number {
    const request = {
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

  /** Writes so many finished jobs, and so many waiting ones that were made after them. */
  fill(finished: number, waiting: number): void {
    const now = Date.now()
    const { first: done } = this.#record(1, now - 3_600_000)
    this.claim(1)
    this.claim(0)
    this.#copies(done, finished - 1, now - 3_600_000)
    const { first: waits } = this.#record(1, now - 1_800_000)
    this.#copies(waits, waiting - 1, now - 1_800_000)
  }

  #record(count: number, now: number): { first: string; took: number } {
    const { newJobId } = this.#engine
    const ids = Array.from({ length: count }, () => newJobId(0, now, Math.random))
    const jobs = ids.map((id) => ({ id, task, input: '{"n":0}', maxAttempts: 5 }))
    const began = performance.now()
    this.core.enqueue({ homeShards: 1, jobs }, now)
    return { first: ids[0] ?? '', took: performance.now() - began }
  }

  /** A row again and again, under ids that follow one another as time would have them. */
  #copies(id: string, count: number, madeAt: number): void {
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
