/**
 * A ledger's core: its verbs over its SQLite, synchronous, with time as an argument. It knows no platform: whoever calls it sees
 * to wake-ups and to the alarm's next ring (the dispatcher), and to the calls (the Durable Object).
 */

import { lastsLong } from '../commands/charts.ts'
import { parkAndCount } from '../commands/claim.ts'
import { enqueue, recordOnce } from '../commands/enqueue.ts'
import { settlingEach, sync } from '../commands/sync.ts'
import { wakeUpTimeoutMs } from '../domain/timeouts.ts'
import { loadReady } from '../maintenance/load-ready.ts'
import { Maintenance } from '../maintenance/maintenance.ts'
import { reconcile } from '../maintenance/reconcile.ts'
import { LimitResets } from '../memory/limit-resets.ts'
import type { Memory } from '../memory/memory.ts'
import type { EnqueueReply, EnqueueRequest } from '../protocol/enqueue.ts'
import type { Settings } from '../protocol/settings.ts'
import type { Claimed, SyncReply, SyncRequest } from '../protocol/sync.ts'
import { Alarm } from '../transaction/alarm.ts'
import { type Context, type CoreOptions, openContext } from '../transaction/context.ts'
import { nextLiveAt, nextMaintenanceAt } from '../transaction/next-due.ts'
import { type Transaction, transact } from '../transaction/transaction.ts'

export class LedgerCore {
  readonly context: Context
  readonly maintenance: Maintenance
  readonly #alarm: Alarm
  readonly #limitResets: LimitResets
  /** The rows of the schedules follow this code. */
  #isReconciled = false

  /** @param alarmAt what is armed at activation, or undefined */
  constructor(options: CoreOptions, now: number, alarmAt: number | undefined) {
    this.context = openContext(options, now)
    const { cached, memory, limits } = this.context
    this.#alarm = new Alarm(options.setAlarm, () => cached.isHalted, alarmAt)
    this.#limitResets = new LimitResets(memory, limits)
    this.maintenance = new Maintenance(this.context, this.#alarm)
  }

  get memory(): Memory {
    return this.context.memory
  }

  /** When the alarm will ring, as far as this activation knows. */
  get alarmAt(): number | undefined {
    return this.#alarm.at
  }

  get isHalted(): boolean {
    return this.context.cached.isHalted
  }

  get settings(): Settings {
    return this.context.cached.settings
  }

  /** Runs a verb as one transaction. */
  transact<T>(now: number, verb: (tx: Transaction) => T): T {
    return transact(this.context, this.#alarm, now, verb)
  }

  enqueue(request: EnqueueRequest, now: number): EnqueueReply {
    this.maintenance.makeRecyclable(now, request.jobs.length)
    return recordOnce(this.context, request.jobs, (looksUp) =>
      this.transact(now, (tx) => enqueue(tx, request, looksUp)),
    )
  }

  /** @param mayWait true when a runner with nothing to do is kept for a moment */
  sync(request: SyncRequest, now: number, mayWait = false): SyncReply {
    this.load(now)
    const asked = this.isHalted ? { ...request, want: 0 } : request
    const returnAt = this.parkAndCount(now) > 0 ? undefined : this.#limitResets.returnAt(request.runner, now)
    const reply = settlingEach(asked, (sound) => this.transact(now, (tx) => sync(tx, sound, { mayWait, returnAt })))
    this.maintenance.keepWatermarkNear(now)
    return this.#planReset(request, reply, now)
  }

  /**
   * The kill switch. A halted ledger records, settles and answers, but gives out no work and arms no alarm: whatever loop it was
   * in ends. Stored, so that a restart does not forget it. Let go, it looks at once at what is due.
   */
  halt(on: boolean, now: number): void {
    const { cached, facts } = this.context
    if (on === cached.isHalted) return
    if (on) facts.write('halted', true)
    else facts.forget('halted')
    cached.isHalted = on
    if (!on) this.arm(now)
  }

  /** Makes the rows of schedules follow the code. Not at opening: an object that an alarm has woken must not arm. */
  reconcile(now: number): void {
    if (this.#isReconciled) return
    this.transact(now, reconcile)
    this.#isReconciled = true
  }

  /** Loads what has become ready, before the next claim. */
  load(now: number): void {
    loadReady(this.context, now)
  }

  /** Counts the jobs that could start now, as far as anybody cares, and parks those that a limit holds back. */
  parkAndCount(now: number): number {
    return parkAndCount(this.context, now)
  }

  /** Does everything that time has made due. The alarm must be set again afterwards. */
  maintain(now: number): void {
    this.maintenance.run(now)
  }

  /** When time next makes something due; undefined when it never will. Overdue things count as they are. */
  get nextMaintenanceAt(): number | undefined {
    return nextMaintenanceAt(this.context)
  }

  /** The same without the sweep of finished jobs, for which no job waits. */
  get nextLiveAt(): number | undefined {
    return nextLiveAt(this.context)
  }

  /** When the ledger checks whether a limit has reset and no runner has come. */
  limitCheckAt(now: number): number | undefined {
    return this.#limitResets.checkAt(now)
  }

  /** True when a runner is worth its wake-up before there is work for it: a limit resets soon, and no runner waits for that. */
  needsRunner(now: number): boolean {
    return !this.isHalted && this.#limitResets.needsRunner(now)
  }

  /** True when the alarm that checks a wake-up would only find these jobs at work, as far as their tasks are known. */
  outlastsAlarm(claimed: readonly Claimed[], now: number): boolean {
    const ringsSoon = this.#alarm.isBefore(now + wakeUpTimeoutMs)
    return ringsSoon && claimed.length > 0 && this.memory.ready.size === 0 && lastsLong(this.context, claimed)
  }

  /** Arms the alarm, whatever was armed. */
  arm(at: number): void {
    this.#alarm.arm(at)
  }

  /**
   * A claim has used up a limit, or found it used up: the alarm is armed for the reset, and a runner that has work and room for
   * more is told to come back then.
   */
  #planReset(request: SyncRequest, reply: SyncReply, now: number): SyncReply {
    if (this.parkAndCount(now) > 0) return reply
    const resetAt = this.#limitResets.nextAt
    if (resetAt === undefined) return reply
    const runner = this.memory.runners.get(request.runner)
    const hasRoom = request.want > reply.claimed.length && !request.done
    const isBusy = reply.claimed.length > 0 || request.heartbeats.length > 0
    const comesBack = hasRoom && isBusy && this.#limitResets.needsRunner(now)
    if (runner && comesBack) runner.againAt = resetAt
    this.#alarm.armBy(this.limitCheckAt(now) ?? resetAt)
    return runner && comesBack ? { ...reply, againInMs: resetAt - now } : reply
  }
}
