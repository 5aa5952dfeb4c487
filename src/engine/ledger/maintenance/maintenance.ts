/**
 * Everything that time has made due, in bounded slices: each is one transaction, and says whether it has left something over.
 * Owns when the sweep and the watermark are tried again.
 */
import { continueBulk } from '../commands/bulk.ts'
import type { Alarm } from '../transaction/alarm.ts'
import type { Context } from '../transaction/context.ts'
import { nextMaintenanceAt } from '../transaction/next-due.ts'
import { type Transaction, transact } from '../transaction/transaction.ts'
import { failExpiredJobs } from './deadlines.ts'
import { fireSlots } from './fire.ts'
import { lapseLeases } from './leases.ts'
import { loadReady } from './load-ready.ts'
import { prune } from './prune.ts'
import { extendRecyclable, isWatermarkNear, lookForRecyclable } from './recycle.ts'
import { forgetSpentLimits } from './spent-limits.ts'
import { nextSweepAt, sweep } from './sweep.ts'
import { moveWatermark } from './watermark.ts'

/** Rounds of slices in one ring of the alarm. */
const roundsMax = 20
/** The alarm that is armed before the first slice, should maintenance not come to its end. */
const deadmanMs = 30_000
/** Finished jobs above the watermark that a ledger at rest may keep: each look of the watchdog reads them. */
const finishedAboveAtRest = 256
/** A sweep is not tried again sooner than this after it has come to its end. */
const sweepPauseMs = 10 * 60_000

const slices: readonly ((tx: Transaction) => boolean)[] = [lapseLeases, failExpiredJobs, fireSlots, continueBulk, prune]

export class Maintenance {
  readonly #context: Context
  readonly #alarm: Alarm
  /** Finished jobs above the watermark from which on it is moved: one that is held back is not tried at every sync. */
  #moveWatermarkAbove: number
  /** A sweep that has come to its end rests: a live job that holds the watermark must not make the alarm ring in a loop. */
  #sweepNotBefore = 0

  constructor(context: Context, alarm: Alarm) {
    this.#context = context
    this.#alarm = alarm
    this.#moveWatermarkAbove = context.sizes.finishedAboveMax
    this.#planSweep()
  }

  /** Does what is due. The alarm must be set again afterwards. */
  run(now: number): void {
    this.#alarm.onRung()
    this.#planSweep()
    if ((nextMaintenanceAt(this.#context) ?? Number.POSITIVE_INFINITY) > now) return
    this.#alarm.arm(now + deadmanMs)
    this.makeRecyclable(now, 1)
    let isMore = true
    for (let round = 0; isMore && round < roundsMax; round++) {
      loadReady(this.#context, now)
      const left = slices.map((slice) => this.#transact(now, slice))
      isMore = this.#sweepSlice(now) || left.includes(true)
      isMore = (this.#context.memory.nextLoadAt ?? Number.POSITIVE_INFINITY) <= now || isMore
    }
  }

  /** Removes what is over, in bounded slices. No alarm guards it: the watchdog's next look goes on with what is left. */
  sweep(now: number): void {
    this.#planSweep()
    for (let round = 0; round < roundsMax && this.#sweepSlice(now); round++);
  }

  /** Nothing is left to do: the next activation should not have to read past what is finished. */
  rest(now: number): void {
    if (this.#context.memory.counts.finishedAbove > finishedAboveAtRest) this.#transact(now, moveWatermark)
  }

  /** Moves the watermark when activation would have to read past many finished jobs. */
  keepWatermarkNear(now: number): void {
    const { memory, sizes } = this.#context
    if (memory.counts.finishedAbove <= this.#moveWatermarkAbove) return
    this.#transact(now, moveWatermark)
    this.#moveWatermarkAbove = memory.counts.finishedAbove + sizes.finishedAboveMax
  }

  /** Makes the rows of old jobs ready to be taken over, before so many new jobs come. */
  makeRecyclable(now: number, wanted: number): void {
    if (!lookForRecyclable(this.#context, now, wanted)) return
    if (isWatermarkNear(this.#context, wanted)) this.#transact(now, moveWatermark)
    this.#transact(now, (tx) => extendRecyclable(tx, wanted))
  }

  /** One slice of the sweep, if it is due. Answers whether there is more. */
  #sweepSlice(now: number): boolean {
    if ((this.#context.memory.nextSweepAt ?? Number.POSITIVE_INFINITY) > now) return false
    this.#transact(now, moveWatermark)
    const isMore = this.#transact(now, sweep)
    if (!isMore) {
      this.#sweepNotBefore = now + sweepPauseMs
      this.#transact(now, forgetSpentLimits)
    }
    this.#planSweep()
    return isMore
  }

  #planSweep(): void {
    this.#context.memory.nextSweepAt = nextSweepAt(this.#context, this.#sweepNotBefore)
  }

  #transact<T>(now: number, verb: (tx: Transaction) => T): T {
    return transact(this.#context, this.#alarm, now, verb)
  }
}
