/**
 * A machine: whatever runs code in this world and can die. An invocation of the Worker is one, an activation of a
 * ledger another. The code that runs finds its machine by the async context, as a Worker finds its own request.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Clock } from '../../engine/virtual/clock.ts'
import type { Attempts } from '../checks/attempts.ts'

const running = new AsyncLocalStorage<Machine>()

/** The machine that the code asking runs on. @throws Error when it is none: then it is not part of this world */
export function machine(): Machine {
  const found = running.getStore()
  if (!found) throw new Error('this code runs on no machine of the simulated world')
  return found
}

/** What every machine takes from the world. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: () => number
  readonly log: (machine: Machine, event: string, details: Record<string, unknown>) => void
  /** Who looks over the runners' shoulders. */
  readonly attempts?: Attempts
}

export abstract class Machine {
  isDead = false
  readonly timers = new Set<() => void>()
  /** Promises given to `waitUntil` that are not settled. */
  unfinished = 0
  /** What such promises were rejected with. The engine lets none through. */
  readonly uncaught: unknown[] = []

  constructor(
    readonly name: string,
    readonly around: Surroundings,
    /** How far this machine's clock is from the world's, in milliseconds. Changes as clocks are set. */
    private readonly skew: { ms: number },
  ) {}

  /** The bindings. */
  abstract get env(): object
  /** `ctx.exports`: the Worker's own entrypoints. */
  abstract get exports(): object

  now(): number {
    return Math.floor(this.around.clock.now + this.skew.ms)
  }

  /** Runs code on this machine. */
  run<T>(work: () => T): T {
    return running.run(this, work)
  }

  setTimer(ms: number, callback: () => void): () => void {
    if (this.isDead) return () => {}
    const stop = this.around.clock.ring(
      this.around.clock.now + Math.max(0, ms),
      () => {
        this.timers.delete(callOff)
        if (!this.isDead) this.run(callback)
      },
      this.name,
    )
    const callOff = () => {
      this.timers.delete(callOff)
      stop()
    }
    this.timers.add(callOff)
    return callOff
  }

  waitUntil(promise: Promise<unknown>): void {
    this.unfinished++
    promise
      .catch((error: unknown) => this.uncaught.push(error))
      .finally(() => {
        this.unfinished--
        this.rested()
      })
  }

  /** The end, without a warning: no timer rings and no answer arrives any more. */
  die(): void {
    this.isDead = true
    for (const callOff of this.timers) callOff()
    this.timers.clear()
  }

  /** Called when nothing is left that was given to `waitUntil`. */
  protected rested(): void {}
}

/** An answer that only the living hear: for the dead it never comes. */
export function heardBy<T>(listener: Machine, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    answer.then(
      (value) => listener.isDead || resolve(value),
      (error: unknown) => listener.isDead || reject(error),
    )
  })
}
