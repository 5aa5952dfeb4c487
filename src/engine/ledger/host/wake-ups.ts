/**
 * When to send wake-ups, and when to send them again. A wake-up is only a hint (I9): it may be lost, doubled, late or
 * dead-lettered, so a wake-up that was sent is not trusted for long. This decides; it sends nothing itself.
 *
 * Wake-ups that nobody answers, or that runners answer without finding work that they can do, come at growing intervals from
 * one second to five minutes, and after a hundred of them once an hour. The count is stored. A loop without progress therefore
 * slows down, stays bounded for each job and shows in the overview (I13).
 */
import { noWakeUpCounts, type WakeUpCounts } from '../domain/stats.ts'
import { wakeUpTimeoutMs } from '../domain/timeouts.ts'

/** Jobs that one wake-up stands for: as many as a fresh runner takes at first. */
export const jobsPerWakeUp = 10
const pauseMsMax = 5 * 60_000
/** After so many in a row without progress, a third of a day, work that nobody can take costs a wake-up an hour. */
const resentMax = 100
const longPauseMs = 3_600_000

/** What is stored of slow wake-ups, so that a ledger that forgets its memory does not start again from the beginning. */
export interface WakeUpsFact {
  readonly resent: number
  readonly checkAt: number
}

/** The state of work and runners at a decision. */
export interface Demand {
  /** Jobs that could start now. */
  readonly ready: number
  /** Jobs that the runners which are known to be there would take. */
  readonly spare: number
  /** Runners that there may still be, beside those at work. */
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
   * New work has come. It does not delay the check of work that waits: jobs that keep arriving would delay it for ever. Where
   * that check has found a wake-up late, one is taken for lost, and the new work gets a wake-up of its own at once.
   */
  onArrival(): void {
    if (this.#resent === 0) return
    this.#resent = 0
    this.#unanswered = Math.max(0, this.#unanswered - 1)
    this.#checkAt = undefined
  }

  /** A runner has come. */
  onRunner(): void {
    this.#unanswered = Math.max(0, this.#unanswered - 1)
  }

  /** A runner took work. */
  onProgress(): void {
    this.#resent = 0
  }

  /** A runner has come and found work that it could not take: a runner of another version, or one with too little time. */
  onNoProgress(now: number): void {
    this.#pause(now)
  }

  /** After a commit: how many wake-ups to send now. */
  plan(now: number, { ready, spare, runnersFree }: Demand): number {
    if (ready === 0) {
      this.#checkAt = undefined
      // Wake-ups that are still on their way will find nothing; what comes next gets a wake-up of its own.
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

  /** The alarm has rung: what to do about work that still waits. Nothing before its time. */
  check(now: number, { ready, runnersFree }: Demand): { send: number; startRunner: boolean } {
    if (ready === 0 || this.#checkAt === undefined || now < this.#checkAt) return { send: 0, startRunner: false }
    const isFirst = this.#resent === 0
    if (this.#unanswered > 0) this.#counts.wakeUpsLate++
    this.#pause(now)
    if (runnersFree <= 0) return { send: 0, startRunner: false }
    // First the ledger answers its own wake-up. Only then another one is sent: the first may only be slow.
    if (isFirst && this.#unanswered > 0) return { send: 0, startRunner: true }
    this.#unanswered = 1
    this.#counts.wakeUps++
    this.#counts.wakeUpsResent++
    return { send: 1, startRunner: true }
  }

  /** The queue has refused wake-ups. */
  onRefused(count: number, now: number): void {
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
  return resent > resentMax ? longPauseMs : Math.min(500 * 2 ** (resent - 1), pauseMsMax)
}
