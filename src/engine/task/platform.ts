/**
 * The platform as the client and the runner see it: time, chance, and what outlives a response. Behind a port, so that
 * the same code runs in a Worker and in a simulator.
 */
export interface Platform {
  /** Epoch milliseconds. Stands still during CPU work in a Worker. */
  now(): number
  /** A number from 0 up to 1, fit for secrets. */
  random(): number
  /** Resolves after `ms`, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `act` after `ms`, unless what it answers is called before. Cheaper than a sleep with a signal. */
  timer(ms: number, act: () => void): () => void
  /** Keeps the invocation alive for `promise`, within the platform's bounds. */
  waitUntil(promise: Promise<unknown>): void
  /** The Worker's bindings. */
  env(): Cloudflare.Env
  /** When work after the response that runs now will be cut: one moment for all of a request's, known inside handlers. */
  cutAt(): number | undefined
  /** Runs `work` with that moment known to whatever it starts. */
  withCutAt<T>(cutAt: number, work: () => T): T
  /** The trace of what runs now. */
  trace(): string | undefined
  /** Runs `work` with that trace known to whatever it starts; undefined: with none. */
  withTrace<T>(trace: string | undefined, work: () => T): T
  /** One structured line for the log. */
  log(event: string, details: Record<string, unknown>): void
  /** The same for what somebody should look at. */
  warn(event: string, details: Record<string, unknown>): void
}
