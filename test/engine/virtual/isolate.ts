/**
 * One invocation of the Worker, as the client and the runner see the platform. It can die at any moment, as isolates
 * do: its timers never ring again, and no answer reaches it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Platform } from '../../../src/engine/task/platform.ts'
import type { Chance } from './chance.ts'
import type { Clock } from './clock.ts'

/** What a handler finds in its `env`, beside the bindings. */
export interface VirtualEnv {
  readonly isolate: Isolate
}

const cut = new AsyncLocalStorage<number>()
const traces = new AsyncLocalStorage<string | undefined>()

export interface LogEntry extends Readonly<Record<string, unknown>> {
  readonly event: string
}

export class Isolate implements Platform {
  readonly logged: LogEntry[] = []
  /** What promises that nobody awaits were rejected with. */
  readonly uncaught: unknown[] = []
  /** Times anything slept. */
  sleeps = 0
  readonly #timers = new Set<() => void>()
  #isDead = false
  #unfinished = 0

  constructor(
    private readonly clock: Clock,
    private readonly chance: Chance,
    private readonly bindings: object = {},
  ) {}

  /** Timers of this isolate that have not rung. */
  get timers(): number {
    return this.#timers.size
  }

  /** Promises given to `waitUntil` that are not settled. */
  get unfinished(): number {
    return this.#unfinished
  }

  get isDead(): boolean {
    return this.#isDead
  }

  now(): number {
    return this.clock.now
  }

  random(): number {
    return this.chance.random()
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    this.sleeps++
    return new Promise((resolve) => {
      if (this.#isDead) return
      if (signal?.aborted) return resolve()
      const done = () => {
        if (this.#isDead) return
        callOff()
        this.#timers.delete(callOff)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const callOff = this.clock.ring(this.clock.now + ms, done, 'isolate')
      this.#timers.add(callOff)
      signal?.addEventListener('abort', done)
    })
  }

  timer(ms: number, act: () => void): () => void {
    this.sleeps++
    if (this.#isDead) return () => {}
    const callOff = this.clock.ring(
      this.clock.now + ms,
      () => {
        this.#timers.delete(callOff)
        if (!this.#isDead) act()
      },
      'isolate',
    )
    this.#timers.add(callOff)
    return () => {
      callOff()
      this.#timers.delete(callOff)
    }
  }

  waitUntil(promise: Promise<unknown>): void {
    this.#unfinished++
    promise
      .catch((error: unknown) => this.uncaught.push(error))
      .finally(() => {
        this.#unfinished--
      })
  }

  /** The bindings, and beside them this very invocation, for handlers that must know where they run. */
  env(): Cloudflare.Env {
    return { ...this.bindings, isolate: this } as unknown as Cloudflare.Env
  }

  cutAt(): number | undefined {
    return cut.getStore()
  }

  trace(): string | undefined {
    return traces.getStore()
  }

  withTrace<T>(trace: string | undefined, work: () => T): T {
    return traces.run(trace, work)
  }

  withCutAt<T>(cutAt: number, work: () => T): T {
    return cut.run(cutAt, work)
  }

  log(event: string, details: Record<string, unknown>): void {
    this.logged.push({ event, ...details })
  }

  warn(event: string, details: Record<string, unknown>): void {
    this.log(event, details)
  }

  /** The events logged under this name. */
  events(event: string): LogEntry[] {
    return this.logged.filter((entry) => entry.event === event)
  }

  /** The end, without a warning. */
  die(): void {
    this.#isDead = true
    for (const callOff of this.#timers) callOff()
    this.#timers.clear()
  }

  /** Asks something outside. Only the living ask, and only they hear the answer. */
  async asks<T>(question: () => Promise<T>): Promise<T> {
    const silence = new Promise<never>(() => {})
    if (this.#isDead) return silence
    try {
      return await question()
    } finally {
      if (this.#isDead) await silence
    }
  }
}
