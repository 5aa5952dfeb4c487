/**
 * The ledger's core: verbs over SQLite, synchronous, with the time handed in and chance as a port. It owns the truth
 * about the jobs of one shard and the books that mirror it; it knows no Durable Object, no queue and no clock.
 *
 * A verb is one transaction: read, decide, write. Memory follows only after it has committed, so that a reset at any
 * point leaves rows, alarm and books in agreement.
 */
import type { JobRecord } from '../task/job.ts'
import type { RetryPolicy } from '../task/retry.ts'
import { type Books, loadDue, opened, refill } from './books.ts'
import { enqueue } from './enqueue.ts'
import type {
  EnqueueReply,
  EnqueueRequest,
  ListReply,
  ListRequest,
  Refusal,
  SyncReply,
  SyncRequest,
} from './protocol.ts'
import { isRefusal } from './protocol.ts'
import { get, list } from './read.ts'
import { type JobRowWithInput, recordOf } from './row.ts'
import { migrate } from './schema.ts'
import type { Sql } from './sql.ts'
import { factStatements, jobStatements, runnerStatements, tallyStatements } from './statements.ts'
import { cancel, redrive } from './steer.ts'
import { sync } from './sync.ts'
import { Tallies } from './tallies.ts'
import { Turn, type TurnParts, wakeUpPatienceMs } from './turn.ts'
import { finishedAboveMax, lapse, moveMark, nextSweepAt, prune, sweep, sweepPauseMs } from './upkeep.ts'

/** What the ledger's code knows of a task. Runners know the rest. */
export interface TaskPolicy {
  readonly retry: RetryPolicy
  /** Undefined: the deployment's. */
  readonly retentionMs?: number | undefined
  readonly onFailed: boolean
}

/** What a core is opened with. */
export interface CoreOptions {
  readonly shard: number
  readonly sql: Sql
  /** Sets the one alarm. Called inside the transaction that needs it, and must be atomic with it. */
  readonly setAlarm: (at: number) => void
  /** Numbers from 0 up to 1, fit for secrets. */
  readonly random: () => number
  /** A task's policy; the default one for a task that this code does not know. */
  readonly policy: (task: string) => TaskPolicy
  /** How long finished jobs are kept, unless their task says otherwise. */
  readonly retentionMs: number
  /** From this size on the oldest finished jobs go before their time. */
  readonly historyBytesMax: number
}

/** What the verbs work with. */
export interface CoreParts extends TurnParts {
  readonly shard: number
  readonly runners: ReturnType<typeof runnerStatements>
  readonly tallyRows: ReturnType<typeof tallyStatements>
  readonly tallies: Tallies
  readonly policy: CoreOptions['policy']
  readonly random: () => number
  readonly historyBytesMax: number
  readonly bytes: () => number
  /** The home count this ledger recorded; undefined before its first job. */
  readonly homes: number | undefined
  readonly setHomes: (homes: number) => void
}

/** Slices of upkeep in one ring of the alarm. */
const slicesMax = 20
/** The alarm that is set before upkeep, should upkeep not come to its end. */
const deadmanMs = 30_000

export class LedgerCore {
  readonly #options: CoreOptions
  readonly #parts: CoreParts
  /** When the alarm will ring, as far as this activation knows. */
  #alarmAt: number | undefined
  /** Finished jobs above the mark from which on it is tried again: a mark that is held back is not tried at every sync. */
  #moveMarkAbove = finishedAboveMax
  /** A sweep that has come to its end rests: a live job that holds the mark must not make the alarm ring in a loop. */
  #sweepNotBefore = 0
  /** The kill switch is on: nothing is armed and nothing is claimed. */
  #isHalted: boolean

  /** @param alarmAt what is armed at activation, or undefined */
  constructor(options: CoreOptions, now: number, alarmAt: number | undefined) {
    const { sql, policy, retentionMs } = options
    migrate(sql, now)
    const [jobs, facts, runners] = [jobStatements(sql), factStatements(sql), runnerStatements(sql)]
    let homes = facts.read<number>('homes')
    this.#isHalted = facts.read<boolean>('halted') ?? false
    this.#options = options
    this.#alarmAt = alarmAt
    this.#parts = {
      books: opened(jobs, facts, runners, now),
      jobs,
      facts,
      runners,
      tallyRows: tallyStatements(sql),
      tallies: new Tallies(),
      shard: options.shard,
      policy,
      random: options.random,
      retentionMs: (task) => policy(task).retentionMs ?? retentionMs,
      defaultRetentionMs: retentionMs,
      historyBytesMax: options.historyBytesMax,
      bytes: () => sql.bytes(),
      get homes() {
        return homes
      },
      setHomes: (count) => {
        homes = count
      },
    }
    this.#parts.books.nextSweepAt = nextSweepAt(this.#parts, 0)
  }

  get books(): Books {
    return this.#parts.books
  }

  get facts(): ReturnType<typeof factStatements> {
    return this.#parts.facts
  }

  get alarmAt(): number | undefined {
    return this.#alarmAt
  }

  get isHalted(): boolean {
    return this.#isHalted
  }

  /**
   * The kill switch. Halted, a ledger records, settles and answers, but gives out no work and arms no alarm: whatever
   * loop it was in ends. Stored, so that a restart does not forget it. Let go, it looks at once at what is due.
   */
  halt(on: boolean, now: number): void {
    if (on === this.#isHalted) return
    if (on) this.#parts.facts.write('halted', true)
    else this.#parts.facts.forget('halted')
    this.#isHalted = on
    if (!on) this.setAlarm(now)
  }

  get bytes(): number {
    return this.#parts.bytes()
  }

  enqueue(request: EnqueueRequest, now: number): EnqueueReply {
    return this.#transact(now, (turn) => enqueue(this.#parts, turn, request))
  }

  /** @param mayPark true when a runner with nothing to do is kept for a moment */
  sync(request: SyncRequest, now: number, mayPark = false): SyncReply {
    this.load(now)
    const asked = this.#isHalted ? { ...request, want: 0 } : request
    const reply = this.#settling(asked, (sound) =>
      this.#transact(now, (turn) => sync(this.#parts, turn, sound, mayPark)),
    )
    if (this.books.counts.finishedAbove() > this.#moveMarkAbove) {
      this.#transact(now, (turn) => moveMark(this.#parts, turn))
      this.#moveMarkAbove = this.books.counts.finishedAbove() + finishedAboveMax
    }
    return reply
  }

  cancel(id: string, now: number): JobRecord | Refusal {
    return answer(this.#transact(now, (turn) => cancel(this.#parts, turn, id)))
  }

  redrive(id: string, now: number): JobRecord | Refusal {
    return answer(this.#transact(now, (turn) => redrive(this.#parts, turn, id)))
  }

  get(id: string, now: number): JobRecord | Refusal {
    return answer(get(this.#parts, now, id))
  }

  list(request: ListRequest): ListReply {
    return list(this.#parts, request)
  }

  /** Brings what has fallen due, and what did not fit before, into the ready index. */
  load(now: number): void {
    loadDue(this.books, this.#parts.jobs, now)
    refill(this.books, this.#parts.jobs, now)
  }

  /** Everything that time has made due, in bounded slices. The alarm must be set anew afterwards. */
  upkeep(now: number): void {
    this.#alarmAt = undefined
    this.books.nextSweepAt = nextSweepAt(this.#parts, this.#sweepNotBefore)
    if (!this.#hasUpkeep(now)) return
    this.setAlarm(now + deadmanMs)
    let isMore = true
    for (let count = 0; isMore && count < slicesMax; count++) {
      this.load(now)
      isMore = this.#slice(now, lapse)
      isMore = this.#slice(now, prune) || isMore
      if ((this.books.nextSweepAt ?? Number.POSITIVE_INFINITY) <= now) {
        this.#transact(now, (turn) => moveMark(this.#parts, turn))
        const isSweeping = this.#slice(now, sweep)
        if (!isSweeping) this.#sweepNotBefore = now + sweepPauseMs
        this.books.nextSweepAt = nextSweepAt(this.#parts, this.#sweepNotBefore)
        isMore = isSweeping || isMore
      }
      isMore = (this.books.nextLoadAt ?? Number.POSITIVE_INFINITY) <= now || isMore
    }
  }

  /** When time will next make something due; undefined when nothing will. Overdue things count as they are. */
  nextUpkeepAt(): number | undefined {
    const { books } = this.#parts
    const times = [...books.running.values()].map((job) => books.leaseEnd(job))
    if (books.nextLoadAt !== undefined) times.push(books.nextLoadAt)
    if (books.nextSweepAt !== undefined) times.push(books.nextSweepAt)
    if (books.prunable.size > 0) times.push(0)
    return times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b))
  }

  /** Arms the alarm, whatever was armed. */
  setAlarm(at: number): void {
    if (this.#isHalted) return
    this.#options.setAlarm(at)
    this.#alarmAt = at
  }

  /** When what waits already is due, and not before now. */
  #waitingUntil(now: number): number {
    const readyAt = this.books.ready.size > 0 ? now + wakeUpPatienceMs : Number.POSITIVE_INFINITY
    return Math.max(now, Math.min(readyAt, this.nextUpkeepAt() ?? Number.POSITIVE_INFINITY))
  }

  #hasUpkeep(now: number): boolean {
    return (this.nextUpkeepAt() ?? Number.POSITIVE_INFINITY) <= now
  }

  #slice(now: number, verb: (core: CoreParts, turn: Turn) => boolean): boolean {
    return this.#transact(now, (turn) => verb(this.#parts, turn))
  }

  /**
   * One bad settlement fails its own job and not the batch: if the whole cannot be written, each is written alone, and
   * the one that cannot be is recorded as a failure that says so.
   */
  #settling(request: SyncRequest, verb: (request: SyncRequest) => SyncReply): SyncReply {
    try {
      return verb(request)
    } catch (error) {
      if (request.settle.length === 0) throw error
      for (const settlement of request.settle) {
        const alone: SyncRequest = { ...request, settle: [settlement], beat: [], want: 0, ack: 0, done: false }
        try {
          verb(alone)
        } catch (cause) {
          const message = `the outcome could not be recorded: ${(cause as Error).message}`
          const outcome = { kind: 'failed', error: { name: 'UnstorableOutcome', message } } as const
          verb({ ...alone, settle: [{ id: settlement.id, lease: settlement.lease, ranMs: settlement.ranMs, outcome }] })
        }
      }
      return verb(request)
    }
  }

  #transact<T>(now: number, verb: (turn: Turn) => T): T {
    const turn = new Turn(this.#parts, now)
    const { result, alarmAt } = this.#options.sql.transaction(() => {
      const result = verb(turn)
      turn.write()
      // An alarm that rings in time is kept: moving it would be a row written for nothing.
      const isEarlier = !this.#isHalted && turn.neededAt < (this.#alarmAt ?? Number.POSITIVE_INFINITY)
      if (!isEarlier) return { result, alarmAt: this.#alarmAt }
      // None was armed: there was no need, or it was lost. Arming for this alone would hide from the watchdog what waits.
      const alarmAt = this.#alarmAt === undefined ? Math.min(turn.neededAt, this.#waitingUntil(now)) : turn.neededAt
      this.#options.setAlarm(alarmAt)
      return { result, alarmAt }
    })
    this.#alarmAt = alarmAt
    turn.settle()
    return result
  }
}

function answer(row: JobRowWithInput | Refusal): JobRecord | Refusal {
  return isRefusal(row) ? row : recordOf(row)
}
