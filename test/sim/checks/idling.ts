/**
 * What a ledger does while nothing comes of it (I13): wake-ups sent and alarms rung since a job last changed. Pauses
 * grow, so their number grows with the logarithm of time at first and then slowly; memory that is lost may begin anew.
 */
import type { Claim } from './rows.ts'

/** A start in which nothing is remembered: a wake-up for each runner, then the first pauses. */
const atFirst = 40
const perActivation = 15
/** Once the pauses have grown, no more than this. */
const perMinute = 1

export class Idling {
  #since: number
  #activations = 0
  #wakeUps = 0
  #rings = 0

  constructor(
    private readonly claim: Claim,
    private readonly now: () => number,
  ) {
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
