/**
 * The platform as the client and the runner see it: time, random numbers, and work after a response. It is a port, so that
 * the same code runs in a Worker and in a simulator.
 */
export interface Platform {
  /** Epoch milliseconds. Stands still during CPU work in a Worker. */
  now(): number
  /** A number from 0 up to 1, fit for secrets. */
  random(): number
  /** Resolves after `ms`, or as soon as `signal` aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `act` after `ms`, unless the function that it returns is called before. Cheaper than a sleep with a signal. */
  timer(ms: number, act: () => void): () => void
  /** Keeps the invocation alive for `promise`, within the platform's bounds. */
  waitUntil(promise: Promise<unknown>): void
  /** The Worker's bindings. */
  env(): Cloudflare.Env
  /** When the platform will cut the work that runs now after a response, in epoch milliseconds. The same for all of a request. */
  cutAt(): number | undefined
  /** Runs `work` with that time known to everything it starts. */
  withCutAt<T>(cutAt: number, work: () => T): T
  /** The trace of the code that runs now. */
  trace(): string | undefined
  /** Runs `work` with that trace known to everything it starts; with none for undefined. */
  withTrace<T>(trace: string | undefined, work: () => T): T
  /** One structured line for the log. */
  log(event: string, details: Record<string, unknown>): void
  /** As `log`, for what a person should look at. */
  warn(event: string, details: Record<string, unknown>): void
}
