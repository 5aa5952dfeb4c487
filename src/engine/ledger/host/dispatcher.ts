/**
 * Sees to it that ready work meets runners: wake-ups, held polls, the alarm. Everything that a ledger does beside its verbs, with
 * the platform behind ports, so that the same code runs in a Durable Object and on a virtual platform.
 *
 * I13: nothing here waits for a handler. A sync is held for a second at most, and only while jobs arrive so often that the object
 * is awake anyway, or over the last moment before a limit resets.
 */
import { counters } from '../commands/charts.ts'
import { getJob } from '../commands/read.ts'
import { adoptSettings } from '../commands/settings.ts'
import type { EnqueueReply, EnqueueRequest } from '../protocol/enqueue.ts'
import { isRefusal } from '../protocol/refusal.ts'
import type { Settings } from '../protocol/settings.ts'
import type { ShardMetrics, ShardOverview } from '../protocol/shard.ts'
import type { SyncReply, SyncRequest } from '../protocol/sync.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { nextAlarmAt } from './alarm-plan.ts'
import type { LedgerCore } from './core.ts'
import { demandOn, runnersAtWork } from './demand.ts'
import { HeldPolls, isEmpty } from './held-polls.ts'
import { type Demand, WakeUps, type WakeUpsFact } from './wake-ups.ts'
import { Watchdog } from './watchdog.ts'

/** The platform, as a dispatcher sees it. */
export interface DispatcherPorts {
  now(): number
  /** Sends wake-ups to the queue. May be slow and may fail. */
  sendWakeUps(count: number): Promise<void>
  /** Starts a runner without the queue. Absent when that is switched off. */
  startRunner?: () => Promise<void>
  /** Calls back after `ms`; answers how to call it off. */
  setTimer(ms: number, callback: () => void): () => void
  /** Keeps the object alive for what nobody awaits. */
  waitUntil(promise: Promise<unknown>): void
  warn(event: string, details: Record<string, unknown>): void
}

/** The longest time for which a sync is held. */
const holdMsMax = 1_000
/** A sync that comes so shortly before a limit resets is held until then. */
const resetHoldMsMax = 50
/** Arrivals further apart than this do not keep the object awake for held syncs. */
const arrivalGapMsMax = 250
/** From then on an alarm is overdue, and not only late. */
const overdueMs = 60_000
/** After an alarm that failed, or that left work over. */
const failedPauseMs = 30_000
const leftOverPauseMs = 100

export class Dispatcher {
  readonly #core: LedgerCore
  readonly #shard: number
  readonly #ports: DispatcherPorts
  readonly #wakeUps: WakeUps
  readonly #polls: HeldPolls
  readonly #watchdog: Watchdog
  #storedFact: string | undefined
  #lastArrivalAt = Number.NEGATIVE_INFINITY
  #arrivalGapMs = Number.POSITIVE_INFINITY

  constructor(core: LedgerCore, shard: number, ports: DispatcherPorts) {
    this.#core = core
    this.#shard = shard
    this.#ports = ports
    const { facts, wakeUpCounts } = core.context
    const fact = facts.read<WakeUpsFact>('wake-ups')
    this.#storedFact = fact && JSON.stringify(fact)
    this.#wakeUps = new WakeUps(fact, wakeUpCounts)
    this.#watchdog = new Watchdog(facts)
    this.#polls = new HeldPolls(
      (ms, callback) => ports.setTimer(ms, callback),
      (request) => core.sync(request, ports.now()),
    )
  }

  // The three ways of a verb that is not its own: see the table in `verbs.ts`.

  /** Reads. @param follows true when the schedules must follow the code first */
  query<Reply>(read: (context: Context, now: number) => Reply, follows = false): Reply {
    return read(this.#core.context, follows ? this.#begin() : this.#ports.now())
  }

  /** Changes something, without work that is ready for a runner. The schedules follow the code first. */
  command<Reply>(verb: (tx: Transaction) => Reply): Reply {
    return this.#core.transact(this.#begin(), verb)
  }

  /** Does what a person wants. It may have made work ready, and no backoff from before delays the wake-up for that. */
  control<Reply>(verb: (tx: Transaction) => Reply): Reply {
    const now = this.#begin()
    const reply = this.#core.transact(now, verb)
    const isRefused = typeof reply === 'object' && reply !== null && isRefusal(reply)
    if (!isRefused) this.#wakeUps.onArrival()
    this.#meet(now)
    return reply
  }

  // The verbs that are its own.

  enqueue(request: EnqueueRequest): EnqueueReply {
    const now = this.#begin()
    const reply = this.#core.enqueue(request, now)
    if (!isRefusal(reply)) this.#noteArrival(now)
    this.#meet(now)
    return reply
  }

  async sync(request: SyncRequest): Promise<SyncReply> {
    const now = this.#begin()
    this.#polls.release(request.runner)
    const { runners } = this.#core.memory
    const isFirst = request.seq === 1 && !runners.has(request.runner)
    if (isFirst) this.#wakeUps.onRunner()
    const mayWait = this.#mayWait(request, now)
    const extendedTo = runners.get(request.runner)?.until ?? 0
    const reply = this.#core.sync(request, now, mayWait)
    if (reply.claimed.length > 0) this.#wakeUps.onProgress()
    else if (isFirst && this.#core.parkAndCount(now) > 0) this.#wakeUps.onNoProgress(now)
    const held = isEmpty(reply) ? this.#hold(request, reply, mayWait) : undefined
    this.#meet(now)
    const isExtended = (runners.get(request.runner)?.until ?? 0) > extendedTo
    if (isExtended || this.#core.outlastsAlarm(reply.claimed, now)) this.#putAlarmOff(now)
    return held ?? this.#withRecords(request, reply, now)
  }

  overview(): ShardOverview {
    const { memory, alarmAt, isHalted, settings, context } = this.#core
    const oldestReadyAt = memory.ready.oldestReadyAt()
    return {
      shard: this.#shard,
      states: memory.counts.total(),
      ...(oldestReadyAt !== undefined && { oldestReadyAt }),
      runners: runnersAtWork(memory.runners, this.#ports.now()),
      wakeUps: { unanswered: this.#wakeUps.unanswered, resent: this.#wakeUps.resent },
      ...(alarmAt !== undefined && { alarmAt }),
      tasks: memory.counts.byTask(),
      settings: settings.version,
      ...(isHalted && { halted: true }),
      bytes: context.sql.bytes(),
    }
  }

  metrics(): ShardMetrics {
    return { ...this.overview(), counters: counters(this.#core.context) }
  }

  halt(on: boolean): void {
    const now = this.#ports.now()
    this.#core.halt(on, now)
    this.#ports.warn(on ? 'ledger-halted' : 'ledger-resumed', { shard: this.#shard })
    if (!on) this.#meet(now)
  }

  /** The watchdog's look. Answers whether the alarm had to be armed. */
  wake(settings?: Settings): boolean {
    if (settings && settings.version > this.#core.settings.version) this.control((tx) => adoptSettings(tx, settings))
    const now = this.#begin()
    this.#watchdog.onLook(now)
    const { alarmAt, memory, maintenance } = this.#core
    if (this.#core.isHalted || (alarmAt !== undefined && alarmAt >= now - overdueMs)) return false
    const nextAt = this.#nextAlarmAt(now, alarmAt === undefined)
    if (nextAt === undefined) {
      if ((memory.nextSweepAt ?? Number.POSITIVE_INFINITY) <= now) maintenance.sweep(now)
      else maintenance.rest(now)
      return false
    }
    this.#ports.warn('alarm-rearmed', { shard: this.#shard, wasAt: alarmAt ?? null })
    this.#core.arm(Math.max(nextAt, now))
    return true
  }

  /** The alarm has rung. Never throws: an alarm that throws is retried a few times and then gone for good. */
  alarm(): void {
    const now = this.#ports.now()
    if (this.#core.isHalted) return
    try {
      this.#core.reconcile(now)
      this.#core.maintain(now)
      this.#core.load(now)
      this.#answerPolls(now)
      this.#checkWakeUps(now)
      const nextAt = this.#nextAlarmAt(now, this.#watchdog.isComing(now))
      const at = nextAt !== undefined && nextAt <= now ? now + leftOverPauseMs : nextAt
      // What maintenance has armed meanwhile may be right already.
      if (at !== undefined && at !== this.#core.alarmAt) this.#core.arm(at)
    } catch (error) {
      this.#ports.warn('alarm-failed', { shard: this.#shard, error: String(error) })
      this.#core.arm(now + failedPauseMs)
    }
  }

  /** The first step of every call that may change something. Answers the time by which the call is decided. */
  #begin(): number {
    const now = this.#ports.now()
    this.#core.reconcile(now)
    return now
  }

  /** After a commit: ready work goes to the runners that wait for it, and wake-ups are sent for the rest. */
  #meet(now: number): void {
    this.#answerPolls(now)
    this.#sendWakeUps(this.#wakeUps.plan(now, this.#demand(now)), now)
    this.#storeWakeUps()
  }

  #checkWakeUps(now: number): void {
    const { send, startRunner } = this.#wakeUps.check(now, this.#demand(now))
    this.#sendWakeUps(send, now)
    if (startRunner && this.#ports.startRunner) {
      const started = this.#ports.startRunner().catch((error: unknown) => {
        this.#ports.warn('runner-not-started', { shard: this.#shard, error: String(error) })
      })
      this.#ports.waitUntil(started)
    }
    this.#sendWakeUps(this.#wakeUps.plan(now, this.#demand(now)), now)
    this.#storeWakeUps()
  }

  #sendWakeUps(count: number, now: number): void {
    if (count === 0) return
    const sent = this.#ports.sendWakeUps(count).catch((error: unknown) => {
      this.#wakeUps.onRefused(count, now)
      this.#ports.warn('wake-up-not-sent', { shard: this.#shard, count, error: String(error) })
    })
    this.#ports.waitUntil(sent)
  }

  /** Slow wake-ups are stored, so that forgetting memory does not make them fast again. */
  #storeWakeUps(): void {
    const { facts } = this.#core.context
    const { fact } = this.#wakeUps
    const text = fact && JSON.stringify(fact)
    if (text === this.#storedFact) return
    if (fact) facts.write('wake-ups', fact)
    else facts.forget('wake-ups')
    this.#storedFact = text
  }

  #demand(now: number): Demand {
    return demandOn(this.#core.memory.runners, this.#countWork(now), (runner) => this.#polls.has(runner), now)
  }

  /** Jobs that could start now; or one, when a runner is worth its wake-up before there is work for it. */
  #countWork(now: number): number {
    return this.#core.parkAndCount(now) || Number(this.#core.needsRunner(now))
  }

  #nextAlarmAt(now: number, isWatched: boolean): number | undefined {
    return nextAlarmAt(this.#core, now, { checkAt: this.#wakeUps.checkAt ?? now, isWatched })
  }

  /** The alarm would ring for nothing, at the former end of a lease or while a job runs, and be armed again for one row more. */
  #putAlarmOff(now: number): void {
    const nextAt = this.#nextAlarmAt(now, false) ?? 0
    if (nextAt > Math.max(this.#core.alarmAt ?? Number.POSITIVE_INFINITY, now)) this.#core.arm(nextAt)
  }

  /** Adds the records of jobs that somebody waits for where the runner is, so that nobody has to ask for them. */
  #withRecords({ awaited = [] }: SyncRequest, reply: SyncReply, now: number): SyncReply {
    if (awaited.length === 0) return reply
    const records = awaited.flatMap((id) => {
      const record = getJob(this.#core.context, now, id)
      return isRefusal(record) ? [] : [record]
    })
    return { ...reply, records }
  }

  #noteArrival(now: number): void {
    const gap = now - this.#lastArrivalAt
    this.#arrivalGapMs = Number.isFinite(this.#arrivalGapMs) ? this.#arrivalGapMs * 0.8 + gap * 0.2 : gap
    this.#lastArrivalAt = now
    this.#wakeUps.onArrival()
  }

  #mayWait({ want, done }: SyncRequest, now: number): boolean {
    const isBusy = this.#arrivalGapMs <= arrivalGapMsMax && now - this.#lastArrivalAt <= holdMsMax
    return isBusy && !this.#core.isHalted && want > 0 && !done && !this.#polls.isFull
  }

  /** Holds a sync that has got nothing: while jobs arrive often, or over the last moment before a limit resets. */
  #hold(request: SyncRequest, { againInMs }: SyncReply, mayWait: boolean): Promise<SyncReply> | undefined {
    if (againInMs === undefined) return mayWait ? this.#polls.hold(request, holdMsMax) : undefined
    return againInMs <= resetHoldMsMax && !this.#polls.isFull ? this.#polls.hold(request, againInMs) : undefined
  }

  #answerPolls(now: number): void {
    this.#polls.answer(
      () => this.#countWork(now),
      (request) => {
        const reply = this.#core.sync(request, now, true)
        if (isEmpty(reply) && reply.againInMs === undefined) return undefined
        this.#wakeUps.onProgress()
        return reply
      },
    )
  }
}
