/**
 * A ledger's core under test: its clock is a number, its random numbers come from a seed, its alarm is a recorded time,
 * and each of its statements can be made to fail. It runs over every `Store`.
 */

import { counters } from '../../../src/engine/ledger/commands/charts.ts'
import { newJobId } from '../../../src/engine/ledger/domain/job-id.ts'
import { leaseMs, leaseParts } from '../../../src/engine/ledger/domain/lease.ts'
import { isReady, type JobRowWithInput } from '../../../src/engine/ledger/domain/row.ts'
import { LedgerCore } from '../../../src/engine/ledger/host/core.ts'
import { Dispatcher } from '../../../src/engine/ledger/host/dispatcher.ts'
import { verbs } from '../../../src/engine/ledger/host/verbs.ts'
import type { Enqueued, NewJob } from '../../../src/engine/ledger/protocol/enqueue.ts'
import type { Refusal } from '../../../src/engine/ledger/protocol/refusal.ts'
import { isRefusal } from '../../../src/engine/ledger/protocol/refusal.ts'
import type { TaskCounters } from '../../../src/engine/ledger/protocol/shard.ts'
import type { Claimed, Outcome, Settlement, SyncReply, SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
import type { LedgerVerbs, Verb } from '../../../src/engine/ledger/protocol/verbs.ts'
import { jobStatements } from '../../../src/engine/ledger/storage/jobs.ts'
import type { Sql } from '../../../src/engine/ledger/storage/sql.ts'
import type { Context, CoreOptions, TaskPolicy } from '../../../src/engine/ledger/transaction/context.ts'
import type { Transaction } from '../../../src/engine/ledger/transaction/transaction.ts'
import { isFinal, type JobRecord } from '../../../src/engine/task/job.ts'
import { checkedLimits, type TaskLimits } from '../../../src/engine/task/limits.ts'
import { defaultRetryPolicy } from '../../../src/engine/task/retry.ts'
import { Chance } from '../../../src/testing/chance.ts'
import { brokenLimits } from './limit-checks.ts'

/** An empty database and the alarm that belongs to its transactions. */
export interface Store {
  readonly sql: Sql
  readonly setAlarm: (at: number) => void
  alarmAt(): number | undefined
  /** Rows written since the store was made. */
  rowsWritten(): number
}

/** Runs `work` over a store of its own. */
export type WithStore = (work: (store: Store) => void) => void | Promise<void>

/** Of `withStore`, a function that runs `work` with a rig over a store of its own. */
export function riggedBy(withStore: WithStore) {
  return (work: (rig: Rig) => void, options: RigOptions = {}) => withStore((store) => work(new Rig(store, options)))
}

/** Records an alarm, and restores the one before when a transaction rolls back, as the platform does. */
export function withAlarm(sql: Sql, arm: (at: number) => void = () => {}): Pick<Store, 'sql' | 'setAlarm' | 'alarmAt'> {
  let alarmAt: number | undefined
  return {
    sql: {
      ...sql,
      transaction<T>(work: () => T): T {
        const before = alarmAt
        try {
          return sql.transaction(work)
        } catch (error) {
          alarmAt = before
          throw error
        }
      },
    },
    setAlarm(at) {
      alarmAt = at
      arm(at)
    },
    alarmAt: () => alarmAt,
  }
}

/** The runs of a property. They are few in workerd, where each run makes an object of its own. */
export function runs(inNode: number): { numRuns: number } {
  const { navigator } = globalThis as { navigator?: { userAgent: string } }
  const isWorkerd = navigator?.userAgent === 'Cloudflare-Workers'
  return { numRuns: isWorkerd ? Math.ceil(inNode / 10) : inNode }
}

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs
export const shard = 3
export const homeShards = 8
/** The time at which every test begins. */
export const startOfTests = 1_900_000_000_000
/** Every retry waits one second, so that tables can name its time. */
const policy: TaskPolicy = { retry: { ...defaultRetryPolicy, backoff: 'fixed', jitter: 'none' }, onFailed: false }

/** The verbs that the dispatcher answers itself. */
type DispatcherVerb = 'enqueue' | 'sync' | 'overview' | 'metrics' | 'halt' | 'wake'

export interface RigOptions
  extends Partial<Pick<CoreOptions, 'retentionMs' | 'historyBytesMax' | 'schedules' | 'serves'>> {
  readonly policies?: Readonly<Record<string, Partial<TaskPolicy>>>
  readonly seed?: number
}

/** The policy of a task with these limits. */
export function limited(limits: TaskLimits, more: Partial<TaskPolicy> = {}): Partial<TaskPolicy> {
  return { ...more, limits: checkedLimits(limits, 'of a test') }
}

export class Rig {
  now = startOfTests
  core: LedgerCore
  /** The n-th statement from now on fails. Undefined: no statement fails. */
  failingIn: number | undefined
  /** Every statement from the n-th from now on fails. */
  failFrom: number | undefined
  /** What the dispatcher has warned of. */
  readonly warned: string[] = []
  /** What the last ring has armed: a wake-up without progress is followed by a pause that grows. */
  armedByRing = 0
  readonly random: () => number
  readonly #store: Store
  readonly #dispatchers = new WeakMap<LedgerCore, Dispatcher>()
  #options: RigOptions

  constructor(store: Store, options: RigOptions = {}) {
    this.#store = store
    this.#options = options
    this.random = seeded(options.seed ?? 1)
    this.core = this.#opened()
  }

  get alarmAt(): number | undefined {
    return this.#store.alarmAt()
  }

  get rowsWritten(): number {
    return this.#store.rowsWritten()
  }

  get sql(): Sql {
    return this.#store.sql
  }

  /** The object loses its memory. */
  restart(): void {
    this.core = this.#opened()
  }

  /** The object restarts with other code. */
  deploy(more: RigOptions): void {
    this.#options = { ...this.#options, ...more }
    this.restart()
    this.core.reconcile(this.now)
  }

  /** Time passes, and no alarm rings. */
  pass(ms: number): void {
    this.now += ms
  }

  /** Time passes, and the alarm rings at each time for which it is set. Returns how often it rang. */
  passRinging(ms: number): number {
    const until = this.now + ms
    let rings = 0
    for (; (this.alarmAt ?? Number.POSITIVE_INFINITY) <= until; rings++) {
      if (rings > 20_000) throw new Error('the alarm rings in a loop')
      this.now = Math.max(this.now, this.alarmAt ?? 0)
      const rangFor = this.alarmAt
      this.ring()
      if (this.alarmAt === rangFor) break
    }
    this.now = until
    return rings
  }

  /** The alarm rings: the dispatcher does what is due and arms it again. Its wake-ups are sent, and reach nobody. */
  ring(): void {
    this.#dispatcher().alarm()
    this.armedByRing = this.alarmAt ?? Number.POSITIVE_INFINITY
  }

  /** A job to record. */
  job(more: Partial<NewJob> = {}): NewJob {
    return { id: newJobId(shard, this.now, this.random), task: 'send', input: '{"n":1}', maxAttempts: 3, ...more }
  }

  /** Runs a verb of the table, without the dispatcher's part of it. */
  run<V extends Exclude<Verb, DispatcherVerb>>(
    verb: V,
    ...request: Parameters<LedgerVerbs[V]>
  ): ReturnType<LedgerVerbs[V]> {
    const transact = <Reply>(work: (tx: Transaction) => Reply) => this.core.transact(this.now, work)
    const query = <Reply>(read: (context: Context, now: number) => Reply) => read(this.core.context, this.now)
    const handler = verbs[verb] as (ledger: object, ...request: unknown[]) => ReturnType<LedgerVerbs[V]>
    return handler({ query, command: transact, control: transact }, ...request)
  }

  /** The counters of every task since the ledger began. */
  counters(): TaskCounters[] {
    return counters(this.core.context)
  }

  /** Records jobs and returns the ledger's answer for each. */
  enqueueAll(jobs: readonly NewJob[]): readonly Enqueued[] {
    const reply = this.core.enqueue({ homeShards, jobs }, this.now)
    if (isRefusal(reply)) throw new Error(reply.message)
    return reply.jobs
  }

  /** Records one job, which must not be refused, and returns its id. */
  enqueue(more: Partial<NewJob> = {}): string {
    const [recorded] = this.enqueueAll([this.job(more)])
    if (!recorded || isRefusal(recorded)) throw new Error(recorded?.message)
    return recorded.id
  }

  /** One sync of a runner that knows every task of these tests. It wants no job unless `more` says so. */
  sync(more: Partial<SyncRequest> = {}, mayPark = false): SyncReply {
    const request: SyncRequest = {
      runner: 'r1',
      seq: 1,
      ack: (more.seq ?? 1) - 1,
      tasks: { send: 25_000, draw: 25_000 },
      settle: [],
      heartbeats: [],
      want: 0,
      remainingMs: 10 * minuteMs,
      ...more,
    }
    return this.core.sync(request, this.now, mayPark)
  }

  /** A new runner claims one job, which must exist. */
  claim(more: Partial<SyncRequest> = {}): Claimed {
    const [claimed] = this.sync({ want: 1, ...more }).claimed
    if (!claimed) throw new Error('nothing was claimed')
    return claimed
  }

  /** A runner settles one attempt in the sync after its claim, and wants no other job. */
  settle({ id, lease }: Pick<Claimed, 'id' | 'lease'>, outcome: Outcome, more: Partial<SyncRequest> = {}): SyncReply {
    const { runner, seq } = leaseParts(lease)
    return this.sync({ runner, seq: seq + 1, ack: seq, settle: [settlementOf({ id, lease }, outcome)], ...more })
  }

  row(id: string): JobRowWithInput {
    const [row] = jobStatements(this.sql).withInput([id])
    if (!row) throw new Error(`there is no row of ${id}`)
    return row
  }

  record(id: string): JobRecord {
    const record = this.run('get', id)
    if (isRefusal(record)) throw new Error(record.message)
    return record
  }

  state(id: string): string {
    const record: JobRecord | Refusal = this.run('get', id)
    return isRefusal(record) ? record.refused : record.reason ? `${record.state} ${record.reason}` : record.state
  }

  rows(): JobRowWithInput[] {
    return jobStatements(this.sql).withInput(
      this.sql.all<{ id: string }>('SELECT id FROM jobs ORDER BY id').map(({ id }) => id),
    )
  }

  /** The contents of memory, in a form that can be compared. */
  memory(core = this.core) {
    const { memory } = core
    return {
      ready: [...memory.ready.values()].map(({ id, due, solo }) => `${id} ${due} ${solo}`).sort(),
      running: [...memory.running.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
      states: memory.counts.total(),
      watermark: memory.watermark,
      sweepCursor: memory.sweepCursor,
    }
  }

  /** The contents that memory would have after a restart now. */
  memoryAfterRestart() {
    const reopened = this.#opened()
    reopened.load(this.now)
    return this.memory(reopened)
  }

  /** Everything that a transaction which rolls back must not change. */
  everything() {
    return {
      ...this.memory(),
      runners: [...this.core.memory.runners.entries()],
      next: this.core.nextMaintenanceAt,
      rows: this.rows(),
      others: ['runners', 'facts', 'minute_stats', 'limits', 'schedules', 'bulks'].map((table) =>
        this.sql.all(`SELECT * FROM ${table} ORDER BY 1`),
      ),
      schedules: this.run('schedules'),
      settings: this.core.settings,
      alarms: [this.core.alarmAt, this.alarmAt],
    }
  }

  /** The promises that are broken now. Empty while all hold. */
  broken(): string[] {
    this.core.load(this.now)
    const rows = this.rows()
    const memory = this.memory()
    const wrong: string[] = []
    const check = (holds: boolean, text: string) => holds || wrong.push(text)
    const ready = rows.filter((row) => isReady(row, this.now)).map(({ id }) => id)
    check(same(memory.ready.map(firstWord), ready), 'the ready index is not the ready rows')
    const running = rows.filter(({ state }) => state === 'running')
    check(
      same(
        memory.running.map(({ id }) => id),
        running.map(({ id }) => id),
      ),
      'memory has other running jobs than the rows',
    )
    for (const { id, lease } of memory.running)
      check(running.find((row) => row.id === id)?.lease === lease, `I2: ${id} runs under another lease than its row's`)
    for (const [state, count] of Object.entries(memory.states))
      check(rows.filter((row) => row.state === state).length === count, `I12: the count of ${state} is ${count}`)
    check(same(this.memoryAfterRestart(), memory), 'a restart would load another memory')
    for (const row of rows) {
      check(row.attempt >= 0 && row.attempt <= row.maxAttempts, `I4: attempt ${row.attempt} of ${row.maxAttempts}`)
      check(!isFinal(row.state) || row.leaseUntil === null, `a final job has a live lease: ${row.id}`)
      check(row.state === 'running' || row.cancelling === 0, `a job that does not run is being cancelled: ${row.id}`)
      check(
        isFinal(row.state) || row.id >= memory.watermark || row.dueAt !== null,
        `the watermark has passed ${row.id}`,
      )
      check((this.alarmAt ?? Infinity) <= this.#neededFor(row), `I8: no alarm in time for ${row.state} ${row.id}`)
    }
    const extended = [...this.core.memory.runners].flatMap(([runner, { until }]) =>
      until > 0 ? [{ runner, until }] : [],
    )
    const stored = this.sql.all<{ runner: string; until: number }>('SELECT runner, until FROM runners ORDER BY runner')
    const known = extended.sort((a, b) => (a.runner < b.runner ? -1 : 1))
    check(same(known, stored), 'memory has other extended leases than the rows')
    const keys = rows.flatMap(({ key, task, partition }) => (key === null ? [] : `${task} ${partition} ${key}`))
    check(new Set(keys).size === keys.length, 'I5: a key has two jobs')
    return [...wrong, ...brokenLimits(this, rows)]
  }

  /** A task's limits as the code declares them. */
  limitsOf(task: string) {
    return this.#options.policies?.[task]?.limits
  }

  /** The schedules that the code declares. */
  get schedules() {
    return this.#options.schedules ?? []
  }

  /** The latest time at which a row needs the alarm. `brokenLimits` checks the jobs that could start or wait for a limit. */
  #neededFor(row: JobRowWithInput): number {
    if (row.state === 'running') return Math.max(row.leaseUntil ?? 0, this.#extendedTo(row.lease ?? ''))
    if (isReady(row, this.now)) return Infinity
    return isFinal(row.state) ? Infinity : (row.dueAt ?? 0)
  }

  #extendedTo(lease: string): number {
    const { runner } = leaseParts(lease)
    return this.sql.all<{ until: number }>('SELECT until FROM runners WHERE runner = ?', runner)[0]?.until ?? 0
  }

  /** Made with the core, since it reads what is stored. */
  #dispatcher(): Dispatcher {
    const known = this.#dispatchers.get(this.core)
    if (known) return known
    const made = new Dispatcher(this.core, shard, {
      now: () => this.now,
      sendWakeUps: async () => {},
      setTimer: () => () => {},
      waitUntil: () => {},
      warn: (event) => this.warned.push(event),
    })
    this.#dispatchers.set(this.core, made)
    return made
  }

  #opened(): LedgerCore {
    const { sql, setAlarm } = this.#store
    const counting: Sql = {
      ...sql,
      all: (statement, ...bindings) => {
        const fails = this.failingIn !== undefined && --this.failingIn === 0
        const fail = fails || (this.failFrom !== undefined && --this.failFrom <= 0)
        if (fail) throw new Error('disk I/O error')
        return sql.all(statement, ...bindings)
      },
    }
    const { policies = {}, retentionMs = 7 * dayMs, historyBytesMax = 2 ** 30, schedules, serves } = this.#options
    const options: CoreOptions = {
      shard,
      sql: counting,
      setAlarm,
      random: this.random,
      policy: (task) => ({ ...policy, ...policies[task] }),
      retentionMs,
      historyBytesMax,
      ...(schedules && { schedules }),
      ...(serves && { serves }),
    }
    return new LedgerCore(options, this.now, this.#store.alarmAt())
  }
}

export function settlementOf({ id, lease }: Pick<Claimed, 'id' | 'lease'>, outcome: Outcome): Settlement {
  return { id, lease, outcome, ranMs: 10 }
}

export function heartbeatOf({ id, lease }: Pick<Claimed, 'id' | 'lease'>) {
  return { id, lease }
}

export const completed: Outcome = { kind: 'completed', output: '"done"' }
export const failed: Outcome = { kind: 'failed', error: { name: 'Error', message: 'no luck' } }
export const rejected: Outcome = { kind: 'rejected', error: { name: 'Error', message: 'never' } }
export const cancelled: Outcome = { kind: 'cancelled' }
export const snoozed: Outcome = { kind: 'snoozed', forMs: minuteMs }
export { leaseMs }

/** Random numbers from 0 up to 1, the same ones for the same seed. */
export function seeded(seed: number): () => number {
  const chance = new Chance(seed)
  return () => chance.random()
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function firstWord(text: string): string {
  return text.slice(0, text.indexOf(' '))
}
