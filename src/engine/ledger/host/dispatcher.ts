/**
 * Sees to it that ready work meets runners: wake-ups, held polls, the alarm. Everything a ledger does beside its verbs,
 * with the platform behind ports, so that the same code runs in a Durable Object and in a simulator.
 *
 * I13: nothing here waits for a handler. A sync is held for a second at most, and only while arrivals are so frequent
 * that the object is awake anyway, or over the last moment before a limit opens. A caller that went away is answered all
 * the same; what it was given lapses.
 */
import type { JobRecord } from '../../task/job.ts'
import type { Settings, SettingsChange } from '../domain/settings.ts'
import type {
  BulkReply,
  BulkRequest,
  ChartsReply,
  ChartsRequest,
  Enqueued,
  EnqueueReply,
  EnqueueRequest,
  LedgerRpc,
  ListReply,
  ListRequest,
  RedriveRequest,
  Refusal,
  ScheduleControl,
  ScheduleRecord,
  ShardMetrics,
  ShardOverview,
  SyncReply,
  SyncRequest,
  TriggerRequest,
  UpdateRequest,
} from '../protocol/protocol.ts'
import { isRefusal } from '../protocol/protocol.ts'
import type { LedgerCore } from './core.ts'
import { demandOn, runnersAtWork } from './demand.ts'
import { isEmpty, nothing, type Poll, rest } from './held-polls.ts'
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

/** The longest a sync is held. */
const pollMs = 1_000
/** One that comes so shortly before a limit opens is held until then. */
const openingMsMax = 50
/** Arrivals further apart than this do not keep the object awake for polls. */
const pollGapMsMax = 250
/** Runners waiting at once are of no use beyond this. */
const polledMax = 4
/** An alarm is overdue, not just late, from then on. */
const overdueMs = 60_000
/** After an alarm that failed, or left work over. */
const failedPauseMs = 30_000
const leftOverPauseMs = 100

export class Dispatcher implements LedgerRpc {
  readonly #core: LedgerCore
  readonly #shard: number
  readonly #ports: DispatcherPorts
  readonly #wakeUps: WakeUps
  readonly #polls = new Map<string, Poll>()
  #storedFact: string | undefined
  readonly #watchdog: Watchdog
  #lastArrivalAt = Number.NEGATIVE_INFINITY
  #arrivalGapMs = Number.POSITIVE_INFINITY

  constructor(core: LedgerCore, shard: number, ports: DispatcherPorts) {
    this.#core = core
    this.#shard = shard
    this.#ports = ports
    const fact = core.facts.read<WakeUpsFact>('wake-ups')
    this.#storedFact = fact && JSON.stringify(fact)
    this.#wakeUps = new WakeUps(fact, core.wakeUpCounts)
    this.#watchdog = new Watchdog(core.facts)
  }

  async enqueue(request: EnqueueRequest): Promise<EnqueueReply> {
    const now = this.#begin()
    const reply = this.#core.enqueue(request, now)
    if (!isRefusal(reply)) this.#noteArrival(now)
    this.#meet(now)
    return reply
  }

  async sync(request: SyncRequest): Promise<SyncReply> {
    const now = this.#begin()
    this.#release(request.runner)
    const isOpening = request.seq === 1 && !this.#core.memory.runners.has(request.runner)
    if (isOpening) this.#wakeUps.opened()
    const mayPark = this.#mayPark(request, now)
    const extendedTo = this.#extendedTo(request)
    const reply = this.#core.sync(request, now, mayPark)
    if (reply.claimed.length > 0) this.#wakeUps.progressed()
    else if (isOpening && this.#core.available(now) > 0) this.#wakeUps.noProgress(now)
    const held = isEmpty(reply) ? this.#held(request, reply, mayPark) : undefined
    this.#meet(now)
    if (this.#extendedTo(request) > extendedTo || this.#core.outlastsAlarm(reply.claimed, now)) this.#putOff(now)
    return held ?? this.#telling(request, reply, now)
  }

  async get(id: string): Promise<JobRecord | Refusal> {
    return this.#core.get(id, this.#ports.now())
  }

  async list(request: ListRequest): Promise<ListReply> {
    return this.#core.list(request)
  }

  async cancel(id: string): Promise<JobRecord | Refusal> {
    return this.#steered((now) => this.#core.cancel(id, now))
  }

  async redrive(request: RedriveRequest): Promise<JobRecord | Refusal> {
    return this.#steered((now) => this.#core.redrive(request, now))
  }

  async update(request: UpdateRequest): Promise<JobRecord | Refusal> {
    return this.#steered((now) => this.#core.update(request, now))
  }

  async bulk(request: BulkRequest): Promise<BulkReply | Refusal> {
    return this.#core.bulk(request, this.#begin())
  }

  async bulkProgress(id: string): Promise<BulkReply | Refusal> {
    return this.#core.bulkProgress(id)
  }

  async change(change: SettingsChange): Promise<Settings> {
    return this.#steered((now) => this.#core.change(change, now))
  }

  async settings(): Promise<Settings> {
    return this.#core.settings
  }

  async adopt(settings: Settings): Promise<void> {
    this.#steered((now) => this.#core.adopt(settings, now))
  }

  async schedules(): Promise<ScheduleRecord[]> {
    return this.#core.schedules(this.#begin())
  }

  async controlSchedule({ name, action }: ScheduleControl): Promise<ScheduleRecord | Refusal> {
    return this.#steered((now) => this.#core.controlSchedule(name, action, now))
  }

  async triggerSchedule(request: TriggerRequest): Promise<Enqueued> {
    return this.#steered((now) => this.#core.triggerSchedule(request, now))
  }

  async halt(on: boolean): Promise<void> {
    const now = this.#ports.now()
    this.#core.halt(on, now)
    this.#ports.warn(on ? 'ledger-halted' : 'ledger-resumed', { shard: this.#shard })
    if (!on) this.#meet(now)
  }

  async overview(): Promise<ShardOverview> {
    const { memory, alarmAt, bytes, isHalted, settings } = this.#core
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
      bytes,
    }
  }

  async charts(request: ChartsRequest): Promise<ChartsReply> {
    return this.#core.charts(request)
  }

  async metrics(): Promise<ShardMetrics> {
    return { ...(await this.overview()), counters: this.#core.counters() }
  }

  async wake(settings?: Settings): Promise<boolean> {
    if (settings) await this.adopt(settings)
    const now = this.#begin()
    this.#watchdog.came(now)
    const { alarmAt, nextSweepAt } = this.#core
    if (this.#core.isHalted || (alarmAt !== undefined && alarmAt >= now - overdueMs)) return false
    const nextAt = this.#nextAt(now, alarmAt === undefined)
    if (nextAt === undefined) {
      if ((nextSweepAt ?? Number.POSITIVE_INFINITY) <= now) this.#core.sweep(now)
      else this.#core.rest(now)
      return false
    }
    this.#ports.warn('alarm-rearmed', { shard: this.#shard, wasAt: alarmAt ?? null })
    this.#core.setAlarm(Math.max(nextAt, now))
    return true
  }

  /** The alarm has rung. Never throws: an alarm that does is retried a few times and then gone for good. */
  alarm(): void {
    const now = this.#ports.now()
    if (this.#core.isHalted) return
    try {
      this.#core.reconcile(now)
      this.#core.upkeep(now)
      this.#core.load(now)
      this.#answerPolls(now)
      this.#checkWakeUps(now)
      const nextAt = this.#nextAt(now, this.#watchdog.comes(now))
      const at = nextAt !== undefined && nextAt <= now ? now + leftOverPauseMs : nextAt
      // What upkeep has armed meanwhile may be right already.
      if (at !== undefined && at !== this.#core.alarmAt) this.#core.setAlarm(at)
    } catch (error) {
      this.#ports.warn('alarm-failed', { shard: this.#shard, error: String(error) })
      this.#core.setAlarm(now + failedPauseMs)
    }
  }

  /** Every call's first step. Answers the time by which it is decided. */
  #begin(): number {
    const now = this.#ports.now()
    this.#core.reconcile(now)
    return now
  }

  /** What a person asked for. It may have made work ready: nothing that went before puts off its wake-up. */
  #steered<T>(steer: (now: number) => T): T {
    const now = this.#begin()
    const reply = steer(now)
    const isRefused = typeof reply === 'object' && reply !== null && isRefusal(reply)
    if (!isRefused) this.#wakeUps.arrived()
    this.#meet(now)
    return reply
  }

  /** After a commit: ready work goes to the runners that wait for it; for the rest, wake-ups are sent. */
  #meet(now: number): void {
    this.#answerPolls(now)
    this.#send(this.#wakeUps.plan(now, this.#demand(now)), now)
    this.#remember()
  }

  #checkWakeUps(now: number): void {
    const { send, startRunner } = this.#wakeUps.check(now, this.#demand(now))
    this.#send(send, now)
    if (startRunner && this.#ports.startRunner) {
      const started = this.#ports.startRunner().catch((error: unknown) => {
        this.#ports.warn('runner-not-started', { shard: this.#shard, error: String(error) })
      })
      this.#ports.waitUntil(started)
    }
    this.#send(this.#wakeUps.plan(now, this.#demand(now)), now)
    this.#remember()
  }

  #send(count: number, now: number): void {
    if (count === 0) return
    const sent = this.#ports.sendWakeUps(count).catch((error: unknown) => {
      this.#wakeUps.failed(count, now)
      this.#ports.warn('wake-up-not-sent', { shard: this.#shard, count, error: String(error) })
    })
    this.#ports.waitUntil(sent)
  }

  /** What is slow is stored, so that forgetting memory does not make it fast again. */
  #remember(): void {
    const fact = this.#wakeUps.fact
    const text = fact && JSON.stringify(fact)
    if (text === this.#storedFact) return
    if (fact) this.#core.facts.write('wake-ups', fact)
    else this.#core.facts.forget('wake-ups')
    this.#storedFact = text
  }

  #demand(now: number): Demand {
    const ready = this.#core.available(now) || Number(this.#core.awaitsRunner(now))
    return demandOn(this.#core.memory.runners, ready, (runner) => this.#polls.has(runner), now)
  }

  /** When the alarm is next needed. @param rests true when a sweep is no reason, because the watchdog sees to it */
  #nextAt(now: number, rests: boolean): number | undefined {
    const checkAt = this.#core.available(now) > 0 ? (this.#wakeUps.checkAt ?? now) : undefined
    const upkeepAt = rests ? this.#core.nextOfLiveAt() : this.#core.nextMaintenanceAt()
    const times = [upkeepAt, this.#core.nextOpeningAt(now), checkAt].filter((at) => at !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }

  /** With the records that somebody waits for where the runner is: they need not be asked for. */
  #telling({ awaited = [] }: SyncRequest, reply: SyncReply, now: number): SyncReply {
    if (awaited.length === 0) return reply
    const records = awaited.flatMap((id) => {
      const record = this.#core.get(id, now)
      return isRefusal(record) ? [] : [record]
    })
    return { ...reply, records }
  }

  #extendedTo({ runner }: SyncRequest): number {
    return this.#core.memory.runners.get(runner)?.until ?? 0
  }

  /** The alarm would ring for nothing, at the former end of a lease or while a job runs, and be armed anew for the same row. */
  #putOff(now: number): void {
    const nextAt = this.#nextAt(now, false) ?? 0
    if (nextAt > Math.max(this.#core.alarmAt ?? Number.POSITIVE_INFINITY, now)) this.#core.setAlarm(nextAt)
  }

  #noteArrival(now: number): void {
    const gap = now - this.#lastArrivalAt
    this.#arrivalGapMs = Number.isFinite(this.#arrivalGapMs) ? this.#arrivalGapMs * 0.8 + gap * 0.2 : gap
    this.#lastArrivalAt = now
    this.#wakeUps.arrived()
  }

  #mayPark({ want, done }: SyncRequest, now: number): boolean {
    const isBusy = this.#arrivalGapMs <= pollGapMsMax && now - this.#lastArrivalAt <= pollMs
    return isBusy && !this.#core.isHalted && want > 0 && !done && this.#polls.size < polledMax
  }

  /** Holds a sync that has got nothing: while arrivals are frequent, or over the last moment before a limit opens. */
  #held(request: SyncRequest, { againInMs }: SyncReply, mayPark: boolean): Promise<SyncReply> | undefined {
    if (againInMs === undefined) return mayPark ? this.#hold(request, pollMs) : undefined
    return againInMs <= openingMsMax && this.#polls.size < polledMax ? this.#hold(request, againInMs) : undefined
  }

  #hold(request: SyncRequest, ms: number): Promise<SyncReply> {
    return new Promise((answer, fail) => {
      const callOff = this.#ports.setTimer(ms, () => this.#release(request.runner, false))
      this.#polls.set(request.runner, { request: rest(request), answer, fail, callOff })
    })
  }

  /**
   * Ends a runner's held sync: empty, because it has spoken anew, or because the second is over.
   * @param isBack true when the runner is here again, so that it does not count as gone
   */
  #release(runner: string, isBack = true): void {
    const poll = this.#polls.get(runner)
    if (!poll) return
    this.#polls.delete(runner)
    poll.callOff()
    try {
      poll.answer(isBack ? nothing : this.#core.sync(poll.request, this.#ports.now()))
    } catch (error) {
      // Thrown from a timer it would be nobody's, and the runner would wait for ever.
      poll.fail(error)
    }
  }

  #answerPolls(now: number): void {
    for (const [runner, { request, answer, callOff }] of this.#polls) {
      if (this.#core.available(now) === 0 && !this.#core.awaitsRunner(now)) return
      const reply = this.#core.sync(request, now, true)
      if (isEmpty(reply) && reply.againInMs === undefined) continue
      this.#polls.delete(runner)
      callOff()
      this.#wakeUps.progressed()
      answer(reply)
    }
  }
}
