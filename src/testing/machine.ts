/**
 * A machine: anything that runs code on the virtual platform and can die. An invocation of the Worker is a machine, and
 * so is an activation of a ledger. Code finds the machine that it runs on by its async context.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Platform } from '../engine/task/platform.ts'
import type { Clock } from './clock.ts'

const running = new AsyncLocalStorage<Machine>()
const cuts = new AsyncLocalStorage<number>()
const traces = new AsyncLocalStorage<string | undefined>()

/** The machine that the calling code runs on. Undefined where it runs on none. */
export function runningMachine(): Machine | undefined {
  return running.getStore()
}

/** The machine that the calling code runs on. @throws Error when it runs on none */
export function machine(): Machine {
  const found = running.getStore()
  if (!found) throw new Error('this code runs on no machine of a virtual platform')
  return found
}

/** One line of a machine's log. */
export interface LogEntry extends Readonly<Record<string, unknown>> {
  readonly event: string
}

/** How far a machine's clock is ahead of the world's, in milliseconds. Changes when a clock is set. */
export interface Skew {
  ms: number
}

export interface MachineObserver {
  /** A machine has written a line to its log. */
  logged?(machine: Machine, event: string, details: Record<string, unknown>): void
}

/** What all machines of one world have in common. */
export interface Surroundings {
  readonly clock: Clock
  /** The random numbers that the engine gets: from 0 up to 1. */
  readonly random: () => number
  readonly observer: MachineObserver
}

export interface MachineOptions {
  readonly name: string
  readonly around: Surroundings
  readonly skew: Skew
}

export abstract class Machine implements Platform {
  readonly name: string
  readonly around: Surroundings
  readonly logged: LogEntry[] = []
  /** What promises given to `waitUntil` were rejected with. The engine lets none reject. */
  readonly uncaught: unknown[] = []
  /** How often a timer or a sleep was started here. */
  sleeps = 0
  /** How many promises given to `waitUntil` have not settled. */
  unfinished = 0
  isDead = false
  readonly #skew: Skew
  readonly #timers = new Set<() => void>()

  constructor({ name, around, skew }: MachineOptions) {
    this.name = name
    this.around = around
    this.#skew = skew
  }

  /** The bindings. */
  abstract env(): Cloudflare.Env

  /** How many timers of this machine have not rung. */
  get timers(): number {
    return this.#timers.size
  }

  /** Runs code on this machine. */
  run<T>(work: () => T): T {
    return running.run(this, work)
  }

  now(): number {
    return Math.floor(this.around.clock.now + this.#skew.ms)
  }

  random(): number {
    return this.around.random()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        cancel()
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const cancel = this.timer(ms, done)
      signal?.addEventListener('abort', done)
    })
  }

  timer(ms: number, act: () => void): () => void {
    this.sleeps++
    if (this.isDead) return () => {}
    const { clock } = this.around
    const ended = this.busy()
    const stop = clock.ring(
      clock.now + Math.max(0, ms),
      () => {
        this.#timers.delete(cancel)
        ended()
        if (!this.isDead) this.run(act)
      },
      this.name,
    )
    const cancel = () => {
      this.#timers.delete(cancel)
      ended()
      stop()
    }
    this.#timers.add(cancel)
    return cancel
  }

  waitUntil(promise: Promise<unknown>): void {
    this.unfinished++
    const ended = this.busy()
    promise
      .catch((error: unknown) => this.uncaught.push(error))
      .finally(() => {
        this.unfinished--
        ended()
      })
  }

  cutAt(): number | undefined {
    return cuts.getStore()
  }

  withCutAt<T>(cutAt: number, work: () => T): T {
    return cuts.run(cutAt, work)
  }

  trace(): string | undefined {
    return traces.getStore()
  }

  withTrace<T>(trace: string | undefined, work: () => T): T {
    return trace === traces.getStore() ? work() : traces.run(trace, work)
  }

  log(event: string, details: Record<string, unknown>): void {
    this.logged.push({ event, ...details })
    this.around.observer.logged?.(this, event, details)
  }

  warn(event: string, details: Record<string, unknown>): void {
    this.log(event, details)
  }

  /** The log's entries of this event. */
  events(event: string): LogEntry[] {
    return this.logged.filter((entry) => entry.event === event)
  }

  /** Uses up one subrequest, where the machine's are counted. @throws Error when none is left */
  subrequest(): void {}

  /** Ends this machine without a warning: its timers never ring, and no answer reaches it any more. */
  die(): void {
    this.isDead = true
    for (const cancel of [...this.#timers]) cancel()
    this.#timers.clear()
  }

  /** Called when a timer or a promise starts to keep this machine busy. Returns what to call when it no longer does. */
  protected busy(): () => void {
    return () => {}
  }
}

/** An answer as `listener` receives it. A dead listener receives none: its promise never settles. */
export function heardBy<T>(listener: Machine, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    answer.then(
      (value) => listener.isDead || resolve(value),
      (error: unknown) => listener.isDead || reject(error),
    )
  })
}

/** The engine's platform port on the machine that `find` names at each call. */
export function platformOf(find: () => Machine): Platform {
  return {
    now: () => find().now(),
    random: () => find().random(),
    sleep: (ms, signal) => find().sleep(ms, signal),
    timer: (ms, act) => find().timer(ms, act),
    waitUntil: (promise) => find().waitUntil(promise),
    env: () => find().env(),
    cutAt: () => find().cutAt(),
    withCutAt: (cutAt, work) => find().withCutAt(cutAt, work),
    trace: () => find().trace(),
    withTrace: (trace, work) => find().withTrace(trace, work),
    log: (event, details) => find().log(event, details),
    warn: (event, details) => find().warn(event, details),
  }
}
