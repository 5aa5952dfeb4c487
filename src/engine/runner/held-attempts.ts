/** The attempts that a runner runs, each under a lease that ends unless the ledger extends it. */
import type { Attempt } from './attempt.ts'

interface Held {
  readonly attempt: Attempt
  /** The lease is good until then, in epoch milliseconds, counted from when it was asked for. */
  goodUntil: number
}

export class HeldAttempts {
  readonly #held = new Map<string, Held>()

  get size(): number {
    return this.#held.size
  }

  get isEmpty(): boolean {
    return this.#held.size === 0
  }

  /** True while an attempt runs that wants the runner for itself. */
  get hasSolo(): boolean {
    return this.attempts().some(({ claimed }) => claimed.solo)
  }

  attempts(): Attempt[] {
    return [...this.#held.values()].map(({ attempt }) => attempt)
  }

  /** The attempt at a job, by the job's id. */
  get(id: string): Attempt | undefined {
    return this.#held.get(id)?.attempt
  }

  add(attempt: Attempt, goodUntil: number): void {
    this.#held.set(attempt.claimed.id, { attempt, goodUntil })
  }

  remove(id: string): void {
    this.#held.delete(id)
  }

  /** The lease of a job is good until then, or longer if it was already. */
  extend(id: string, goodUntil: number): void {
    const held = this.#held.get(id)
    if (held) held.goodUntil = Math.max(held.goodUntil, goodUntil)
  }

  /** How long until a lease ends that nobody has extended. Infinite when there is none. */
  staleInMs(now: number): number {
    const ends = [...this.#held.values()].filter(({ attempt }) => !attempt.stopped).map(({ goodUntil }) => goodUntil)
    return Math.min(...ends) - now
  }

  /** Stops the attempts whose lease has ended: their jobs may be somebody else's by now. */
  stopStale(now: number): void {
    for (const { attempt, goodUntil } of this.#held.values()) if (goodUntil <= now) attempt.stop('lost')
  }
}
