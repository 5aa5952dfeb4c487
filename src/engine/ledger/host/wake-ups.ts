/**
 * When to send wake-ups, and when to send them again. A wake-up is only a hint (I9): it may be lost, doubled, late or
 * dead-lettered, so what was sent is never believed for long. Decides; sends nothing itself.
 *
 * Unanswered, or answered by runners that found nothing they could do, wake-ups come at growing intervals from one
 * second to five minutes, and after a hundred of them once an hour. The count is stored. A loop without progress
 * therefore slows down, stays bounded a job and shows in the overview (I13).
 */
import { wakeUpTimeoutMs } from '../transaction/transaction.ts'

/** Jobs one wake-up is counted for: what a fresh runner takes at first. */
export const jobsPerWakeUp = 10
const pauseMsMax = 5 * 60_000
/** After so many in a row without progress, a third of a day, work that nobody can take costs a wake-up an hour. */
const resentForgotten = 100
const forgottenPauseMs = 3_600_000

/** What is stored of slow wake-ups, so that a ledger that forgets its memory does not start over. */
export interface WakeUpsFact {
  readonly resent: number
  readonly checkAt: number
}

/** What was done since this activation began. */
export interface WakeUpCounts {
  wakeUps: number
  /** Found unanswered after the time that one is given. */
  wakeUpsLate: number
  /** Of those sent, the ones that were sent again. */
  wakeUpsResent: number
}

export function noWakeUpCounts(): WakeUpCounts {
  return { wakeUps: 0, wakeUpsLate: 0, wakeUpsResent: 0 }
}

/** The state of work and runners at a decision. */
export interface Demand {
  /** Jobs that could start now. */
  readonly ready: number
  /** Jobs that runners who are known to be there would take. */
  readonly spare: number
  /** Runners there may still be, beside those at work. */
  readonly runnersFree: number
}

export class WakeUps {
  /** Sent and not yet answered. */
  #unanswered = 0
  /** How often in a row there was no progress. */
  #resent: number
  /** Not before then anything is sent again. */
  #checkAt: number | undefined

  readonly #counts: WakeUpCounts

  /** @param counts where it counts what it decides */
  constructor(stored?: WakeUpsFact, counts = noWakeUpCounts()) {
    this.#counts = counts
    this.#resent = stored?.resent ?? 0
    this.#checkAt = stored?.checkAt
  }

  get unanswered(): number {
    return this.#unanswered
  }

  get resent(): number {
    return this.#resent
  }

  /** When the alarm should look after unanswered wake-ups, while there is ready work. */
  get checkAt(): number | undefined {
    return this.#checkAt
  }

  /** What should outlive this activation: undefined while things go well. */
  get fact(): WakeUpsFact | undefined {
    return this.#resent >= 3 && this.#checkAt !== undefined
      ? { resent: this.#resent, checkAt: this.#checkAt }
      : undefined
  }

  /**
   * New work has come. It does not put off the look at work that waits: jobs that keep arriving would put it off for
   * ever. Where that look has found a wake-up late, one is taken for lost, and what has come is worth its own at once.
   */
  arrived(): void {
    if (this.#resent === 0) return
    this.#resent = 0
    this.#unanswered = Math.max(0, this.#unanswered - 1)
    this.#checkAt = undefined
  }

  /** A runner has come. */
  opened(): void {
    this.#unanswered = Math.max(0, this.#unanswered - 1)
  }

  /** A runner took work. */
  progressed(): void {
    this.#resent = 0
  }

  /** A runner came and found work that it could not take: one of another version, or with too little time. */
  noProgress(now: number): void {
    this.#pause(now)
  }

  /** After a commit: how many wake-ups to send now. */
  plan(now: number, { ready, spare, runnersFree }: Demand): number {
    if (ready === 0) {
      this.#checkAt = undefined
      // Those still on their way will find nothing; what comes next is worth a wake-up of its own.
      this.#unanswered = 0
      return 0
    }
    const isPaused = this.#resent > 0 && this.#checkAt !== undefined && now < this.#checkAt
    const missing = Math.ceil((ready - spare) / jobsPerWakeUp) - this.#unanswered
    const count = isPaused ? 0 : Math.max(0, Math.min(missing, runnersFree - this.#unanswered))
    this.#unanswered += count
    this.#counts.wakeUps += count
    if (count > 0) this.#checkAt = now + wakeUpTimeoutMs
    else this.#checkAt ??= now + wakeUpTimeoutMs
    return count
  }

  /** The alarm: what to do about work that still waits. Nothing before its time. */
  check(now: number, { ready, runnersFree }: Demand): { send: number; startRunner: boolean } {
    if (ready === 0 || this.#checkAt === undefined || now < this.#checkAt) return { send: 0, startRunner: false }
    const isFirst = this.#resent === 0
    if (this.#unanswered > 0) this.#counts.wakeUpsLate++
    this.#pause(now)
    if (runnersFree <= 0) return { send: 0, startRunner: false }
    // First the ledger answers its own wake-up; only then another is sent, for the first may just be slow.
    if (isFirst && this.#unanswered > 0) return { send: 0, startRunner: true }
    this.#unanswered = 1
    this.#counts.wakeUps++
    this.#counts.wakeUpsResent++
    return { send: 1, startRunner: true }
  }

  /** The queue refused wake-ups. */
  failed(count: number, now: number): void {
    this.#unanswered = Math.max(0, this.#unanswered - count)
    this.#pause(now)
  }

  #pause(now: number): void {
    this.#resent++
    this.#checkAt = now + pauseAfter(this.#resent)
  }
}

function pauseAfter(resent: number): number {
  if (resent === 1) return wakeUpTimeoutMs
  return resent > resentForgotten ? forgottenPauseMs : Math.min(500 * 2 ** (resent - 1), pauseMsMax)
}
