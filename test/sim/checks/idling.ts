/**
 * Counts what a ledger does without progress (I13): wake-ups and alarms since a job last changed. Their pauses grow, so the
 * number grows with the logarithm of time at first and slowly later. A ledger that lost its memory may begin again.
 */
import type { Claim } from './rows.ts'

/** At the start of a ledger: a wake-up for each runner, then the first pauses. */
const atFirst = 40
const perActivation = 15
/** The most once the pauses have grown. */
const perMinute = 1

export class Idling {
  #since: number
  #activations = 0
  #wakeUps = 0
  #rings = 0

  private readonly claim: Claim
  private readonly now: () => number

  constructor(claim: Claim, now: () => number) {
    this.claim = claim
    this.now = now
    this.#since = now()
  }

  /** A job has changed: there was progress. */
  progressed(): void {
    this.#since = this.now()
    this.#activations = 0
    this.#wakeUps = 0
    this.#rings = 0
  }

  activated(): void {
    this.#activations++
  }

  /** Wake-ups were handed to the queue. */
  sent(shard: number, count: number): void {
    this.#wakeUps += count
    this.#holds(shard, this.#wakeUps, 'wake-ups were sent')
  }

  rang(shard: number): void {
    this.#rings++
    this.#holds(shard, this.#rings, 'alarms have rung')
  }

  #holds(shard: number, times: number, what: string): void {
    const ms = this.now() - this.#since
    const most = atFirst + this.#activations * perActivation + (ms / 60_000) * perMinute
    this.claim(
      times <= most,
      'I13',
      () => `ledger ${shard}: ${times} ${what} in ${ms / 1_000} s, and no job has changed`,
    )
  }
}
