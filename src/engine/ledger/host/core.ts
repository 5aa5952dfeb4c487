import type { JobRecord } from '../../task/job.ts'
import { bulk, bulkProgress, workOff } from '../commands/bulk.ts'
import { charts, counters, lastsLong } from '../commands/charts.ts'
import { parkAll } from '../commands/claim.ts'
import { cancel, redrive, update } from '../commands/control.ts'
import { enqueue, recordedOnce } from '../commands/enqueue.ts'
import { get, list } from '../commands/read.ts'
import { controlSchedule, fire, listSchedules, reconcile, trigger } from '../commands/schedules.ts'
import { settlingEach, sync } from '../commands/sync.ts'
import { type JobRowWithInput, recordOf } from '../domain/row.ts'
import { changed, isPaused, type Settings, type SettingsChange } from '../domain/settings.ts'
import { extendRecyclable, isRecyclableShort, isWatermarkNear } from '../maintenance/recycle.ts'
import {
  expire,
  finishedAboveMax,
  forgetSpentLimits,
  lapse,
  moveWatermark,
  nextSweepAt,
  prune,
  sweep,
  sweepPauseMs,
} from '../maintenance/upkeep.ts'
import { LimitResets } from '../memory/limit-resets.ts'
import { loadDue, type Memory, refill } from '../memory/memory.ts'
import type {
  BulkReply,
  BulkRequest,
  ChartsReply,
  ChartsRequest,
  Claimed,
  Enqueued,
  EnqueueReply,
  EnqueueRequest,
  ListReply,
  ListRequest,
  RedriveRequest,
  Refusal,
  ScheduleAction,
  ScheduleRecord,
  SyncReply,
  SyncRequest,
  TaskCounters,
  TriggerRequest,
  UpdateRequest,
} from '../protocol/protocol.ts'
import { isRefusal } from '../protocol/protocol.ts'
import type { RowCache } from '../storage/row-cache.ts'
import type { factStatements } from '../storage/small-tables.ts'
import { type Context, type CoreOptions, openContext } from '../transaction/context.ts'
import { Transaction, wakeUpTimeoutMs } from '../transaction/transaction.ts'
import type { WakeUpCounts } from './wake-ups.ts'

/** Slices of upkeep in one ring of the alarm. */
const slicesMax = 20
/** The alarm that is set before upkeep, should upkeep not come to its end. */
const deadmanMs = 30_000
/** Finished jobs above the mark that a ledger at rest may keep: each look of the watchdog reads them. */
const finishedAboveAtRest = 256
/** More work than this makes no difference to anybody who asks. */
const availableMax = 1_000

export class LedgerCore {
  readonly #options: CoreOptions
  readonly #context: Context
  readonly #resets: LimitResets
  /** When the alarm will ring, as far as this activation knows. */
  #alarmAt: number | undefined
  /** Finished jobs above the mark from which on it is tried again: a mark that is held back is not tried at every sync. */
  #moveWatermarkAbove = finishedAboveMax
  /** A sweep that has come to its end rests: a live job that holds the mark must not make the alarm ring in a loop. */
  #sweepNotBefore = 0
  /** The schedules' rows follow this code. */
  #isReconciled = false

  /** @param alarmAt what is armed at activation, or undefined */
  constructor(options: CoreOptions, now: number, alarmAt: number | undefined) {
    this.#options = options
    this.#alarmAt = alarmAt
    this.#context = openContext(options, now)
    this.#resets = new LimitResets(this.#context.memory, this.#context.limits)
    this.#context.memory.nextSweepAt = nextSweepAt(this.#context, 0)
  }

  get memory(): Memory {
    return this.#context.memory
  }

  get rowCache(): RowCache {
    return this.#context.rowCache
  }

  get facts(): ReturnType<typeof factStatements> {
    return this.#context.facts
  }

  get alarmAt(): number | undefined {
    return this.#alarmAt
  }

  get isHalted(): boolean {
    return this.#context.cached.isHalted
  }

  get settings(): Settings {
    return this.#context.cached.settings
  }

  get wakeUpCounts(): WakeUpCounts {
    return this.#context.wakeUpCounts
  }

  /**
   * The kill switch. Halted, a ledger records, settles and answers, but gives out no work and arms no alarm: whatever
   * loop it was in ends. Stored, so that a restart does not forget it. Let go, it looks at once at what is due.
   */
  halt(on: boolean, now: number): void {
    if (on === this.isHalted) return
    if (on) this.#context.facts.write('halted', true)
    else this.#context.facts.forget('halted')
    this.#context.cached.isHalted = on
    if (!on) this.setAlarm(now)
  }

  get bytes(): number {
    return this.#context.bytes()
  }

  enqueue(request: EnqueueRequest, now: number): EnqueueReply {
    this.#extendRecyclable(now, request.jobs.length)
    return recordedOnce(this.#context, request.jobs, (looksUp) =>
      this.#transact(now, (tx) => enqueue(this.#context, tx, request, looksUp)),
    )
  }

  /** @param mayPark true when a runner with nothing to do is kept for a moment */
  sync(request: SyncRequest, now: number, mayPark = false): SyncReply {
    this.load(now)
    const asked = this.isHalted ? { ...request, want: 0 } : request
    const againAt = this.available(now) > 0 ? undefined : this.#resets.comesBackAt(request.runner, now)
    const reply = settlingEach(asked, (sound) =>
      this.#transact(now, (tx) => sync(this.#context, tx, sound, { mayPark, againAt })),
    )
    if (this.memory.counts.finishedAbove() > this.#moveWatermarkAbove) {
      this.#transact(now, (tx) => moveWatermark(this.#context, tx))
      this.#moveWatermarkAbove = this.memory.counts.finishedAbove() + finishedAboveMax
    }
    return this.#toldOfOpening(request, reply, now)
  }

  cancel(id: string, now: number): JobRecord | Refusal {
    return answer(this.#transact(now, (tx) => cancel(this.#context, tx, id)))
  }

  redrive(request: RedriveRequest, now: number): JobRecord | Refusal {
    return answer(this.#transact(now, (tx) => redrive(this.#context, tx, request)))
  }

  update(request: UpdateRequest, now: number): JobRecord | Refusal {
    return answer(this.#transact(now, (tx) => update(this.#context, tx, request)))
  }

  bulk(request: BulkRequest, now: number): BulkReply | Refusal {
    return this.#transact(now, (tx) => bulk(this.#context, tx, request))
  }

  bulkProgress(id: string): BulkReply | Refusal {
    return bulkProgress(this.#context, id)
  }

  /** A new version of the deployment's settings, which this ledger makes for all. */
  change(change: SettingsChange, now: number): Settings {
    const next = changed(this.settings, change, now)
    this.adopt(next, now)
    return next
  }

  /** Settings that are newer than its own. What they let go may start at once. */
  adopt(settings: Settings, now: number): boolean {
    if (settings.version <= this.settings.version) return false
    this.#transact(now, (tx) => {
      this.#context.facts.write('settings', settings)
      tx.armBy(now + wakeUpTimeoutMs)
      tx.onCommit(() => {
        this.#context.cached.settings = settings
        this.memory.ready.unparkAll()
      })
    })
    return true
  }

  schedules(now: number): ScheduleRecord[] {
    return listSchedules(this.#context, now)
  }

  controlSchedule(name: string, action: ScheduleAction, now: number): ScheduleRecord | Refusal {
    return this.#transact(now, (tx) => controlSchedule(this.#context, tx, name, action))
  }

  triggerSchedule(request: TriggerRequest, now: number): Enqueued {
    return this.#transact(now, (tx) => trigger(this.#context, tx, request))
  }

  /** Makes the schedules' rows follow the code. Not at opening: an object that an alarm has woken must not arm. */
  reconcile(now: number): void {
    if (this.#isReconciled) return
    this.#transact(now, (tx) => reconcile(this.#context, tx))
    this.#isReconciled = true
  }

  get(id: string, now: number): JobRecord | Refusal {
    return answer(get(this.#context, now, id))
  }

  list(request: ListRequest): ListReply {
    return list(this.#context, request)
  }

  charts(request: ChartsRequest): ChartsReply {
    return charts(this.#context, request)
  }

  counters(): TaskCounters[] {
    return counters(this.#context)
  }

  /** Brings what has fallen due, what did not fit before, and what time has opened, before the next claim. */
  load(now: number): void {
    loadDue(this.memory, this.#context.jobs, now)
    refill(this.memory, this.#context.jobs, this.rowCache, now)
    for (const { task, partition } of this.#context.limits.opened(now)) this.memory.ready.unpark(task, partition)
  }

  /** How many jobs could start now, as far as anybody cares: pause and limits hold. */
  available(now: number): number {
    const { limits } = this.#context
    if (this.isHalted || this.memory.ready.size === 0) return 0
    const accepts = (task: string) => !isPaused(this.settings, task)
    const admission = limits.admission(now)
    const { count, full, held } = this.memory.ready.available({ accepts, admission }, availableMax)
    parkAll(this.#context, full, now)
    for (const group of held) limits.parked(group, now)
    return count
  }

  /** Everything that time has made due, in bounded slices. The alarm must be set anew afterwards. */
  upkeep(now: number): void {
    this.#alarmAt = undefined
    this.memory.nextSweepAt = nextSweepAt(this.#context, this.#sweepNotBefore)
    if ((this.nextMaintenanceAt() ?? Number.POSITIVE_INFINITY) > now) return
    this.setAlarm(now + deadmanMs)
    this.#extendRecyclable(now, 1)
    let isMore = true
    for (let count = 0; isMore && count < slicesMax; count++) {
      this.load(now)
      isMore = this.#slice(now, lapse)
      isMore = this.#slice(now, expire) || isMore
      isMore = this.#slice(now, fire) || isMore
      isMore = this.#slice(now, workOff) || isMore
      isMore = this.#slice(now, prune) || isMore
      isMore = this.#sweeps(now) || isMore
      isMore = (this.memory.nextLoadAt ?? Number.POSITIVE_INFINITY) <= now || isMore
    }
  }

  /** Removes what is over, in bounded slices. No alarm guards it: the watchdog's next look takes up what is left. */
  sweep(now: number): void {
    this.memory.nextSweepAt = nextSweepAt(this.#context, this.#sweepNotBefore)
    for (let count = 0; count < slicesMax && this.#sweeps(now); count++);
  }

  /** When time will next make something due; undefined when nothing will. Overdue things count as they are. */
  nextMaintenanceAt(): number | undefined {
    const at = Math.min(this.nextOfLiveAt() ?? Number.POSITIVE_INFINITY, this.nextSweepAt ?? Number.POSITIVE_INFINITY)
    return at === Number.POSITIVE_INFINITY ? undefined : at
  }

  /** When finished jobs are next to be swept. */
  get nextSweepAt(): number | undefined {
    return this.memory.nextSweepAt
  }

  /** As `nextUpkeepAt`, the sweep left out: it takes away what is finished, and no job waits for it. */
  nextOfLiveAt(): number | undefined {
    const { memory, schedules, bulks } = this.#context
    let next = Number.POSITIVE_INFINITY
    for (const job of memory.running.values()) next = Math.min(next, memory.leaseEnd(job))
    const times = [memory.nextLoadAt, memory.ready.nextExpiryAt(), schedules.nextAt()]
    for (const at of times) if (at !== undefined && at < next) next = at
    if (memory.prunable.size > 0 || bulks.size > 0) next = 0
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }

  /** True when the alarm that looks after a wake-up would only find these jobs at work, as far as their tasks are known. */
  outlastsAlarm(claimed: readonly Claimed[], now: number): boolean {
    const isSoon = this.#alarmAt !== undefined && this.#alarmAt <= now + wakeUpTimeoutMs
    return isSoon && claimed.length > 0 && this.memory.ready.size === 0 && lastsLong(this.#context, claimed)
  }

  /** When the ledger should look whether a limit has opened and nobody has come. */
  nextOpeningAt(now: number): number | undefined {
    return this.#resets.lookAt(now)
  }

  /** True when a runner is worth its wake-up before there is work for it: a limit opens soon, and nobody waits for that. */
  awaitsRunner(now: number): boolean {
    return !this.isHalted && this.#resets.awaitsRunner(now)
  }

  /** Nothing is left to do: the next activation should not have to read past what is finished. */
  rest(now: number): void {
    if (this.memory.counts.finishedAbove() > finishedAboveAtRest)
      this.#transact(now, (tx) => moveWatermark(this.#context, tx))
  }

  /** Arms the alarm, whatever was armed. */
  setAlarm(at: number): void {
    if (this.isHalted) return
    this.#options.setAlarm(at)
    this.#alarmAt = at
  }

  /** Before so many new jobs: the rows of old ones are made ready to be taken over. */
  #extendRecyclable(now: number, wanted: number): void {
    if (!isRecyclableShort(this.#context, now, wanted)) return
    if (isWatermarkNear(this.#context, wanted)) this.#transact(now, (tx) => moveWatermark(this.#context, tx))
    this.#transact(now, (tx) => extendRecyclable(this.#context, tx, wanted))
  }

  /** One slice of the sweep, if it is due. True when there is more. */
  #sweeps(now: number): boolean {
    if ((this.memory.nextSweepAt ?? Number.POSITIVE_INFINITY) > now) return false
    this.#transact(now, (tx) => moveWatermark(this.#context, tx))
    const isMore = this.#slice(now, sweep)
    if (!isMore) this.#rest(now)
    this.memory.nextSweepAt = nextSweepAt(this.#context, this.#sweepNotBefore)
    return isMore
  }

  /** The sweep has come to its end. */
  #rest(now: number): void {
    this.#sweepNotBefore = now + sweepPauseMs
    this.#transact(now, (tx) => forgetSpentLimits(this.#context, tx))
  }

  /**
   * A limit has closed behind this claim, or before it: the alarm is set for its opening, unless a runner that has work
   * and room for more comes back by then.
   */
  #toldOfOpening(request: SyncRequest, reply: SyncReply, now: number): SyncReply {
    if (this.available(now) > 0) return reply
    const at = this.#resets.next()
    if (at === undefined) return reply
    const runner = this.memory.runners.get(request.runner)
    const hasRoom = request.want > reply.claimed.length && !request.done
    const isBusy = reply.claimed.length > 0 || request.heartbeats.length > 0
    const comesBack = hasRoom && isBusy && this.#resets.awaitsRunner(now)
    if (runner && comesBack) runner.againAt = at
    const lookAt = this.nextOpeningAt(now) ?? at
    if (lookAt < (this.#alarmAt ?? Number.POSITIVE_INFINITY)) this.setAlarm(lookAt)
    return runner && comesBack ? { ...reply, againInMs: at - now } : reply
  }

  /** When what waits already is due, and not before now. */
  #waitingUntil(now: number): number {
    const readyAt = this.memory.ready.size > 0 ? now + wakeUpTimeoutMs : Number.POSITIVE_INFINITY
    return Math.max(now, Math.min(readyAt, this.nextMaintenanceAt() ?? Number.POSITIVE_INFINITY))
  }

  #slice(now: number, verb: (core: Context, tx: Transaction) => boolean): boolean {
    return this.#transact(now, (tx) => verb(this.#context, tx))
  }

  #transact<T>(now: number, verb: (tx: Transaction) => T): T {
    const tx = new Transaction(this.#context, now)
    const { result, alarmAt } = this.#options.sql.transaction(() => {
      const result = verb(tx)
      tx.write()
      // An alarm that rings in time is kept: moving it would be a row written for nothing.
      const isEarlier = !this.isHalted && tx.armAt < (this.#alarmAt ?? Number.POSITIVE_INFINITY)
      if (!isEarlier) return { result, alarmAt: this.#alarmAt }
      // None was armed: there was no need, or it was lost. Arming for this alone would hide from the watchdog what waits.
      const alarmAt = this.#alarmAt === undefined ? Math.min(tx.armAt, this.#waitingUntil(now)) : tx.armAt
      this.#options.setAlarm(alarmAt)
      return { result, alarmAt }
    })
    this.#alarmAt = alarmAt
    tx.applyToMemory()
    return result
  }
}

function answer(row: JobRowWithInput | Refusal): JobRecord | Refusal {
  return isRefusal(row) ? row : recordOf(row)
}
