/** The platform port over a Worker: the only place where the engine reads a clock or draws random numbers. */

import { env, waitUntil } from 'cloudflare:workers'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Platform } from './task/platform.ts'
import { checkedTrace } from './task/trace.ts'

const cut = new AsyncLocalStorage<number>()
const traces = new AsyncLocalStorage<string | undefined>()

/**
 * Runs `work` under a trace: the jobs that it enqueues carry it, and so do their attempts, their children and their lines in
 * the log.
 *
 *     app.use((c, next) => withTrace(traceIdOf(c.req.header('traceparent')), next))
 *
 * @param trace 32 hexadecimal digits in lower case, such as `traceIdOf` finds. Undefined: a new one is made
 * @throws ChardError `invalid-option`
 */
export function withTrace<T>(trace: string | undefined, work: () => T): T {
  return traces.run(checkedTrace(trace) ?? crypto.randomUUID().replaceAll('-', ''), work)
}

/** The trace of the code that runs now; undefined outside of `withTrace` and of handlers. */
export function currentTrace(): string | undefined {
  return traces.getStore()
}

export const workerPlatform: Platform = {
  now: () => Date.now(),
  random: () => {
    const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
    // 53 random bits: as many as a number from 0 up to 1 holds.
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53
  },
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, Math.max(0, ms))
      signal?.addEventListener('abort', done)
    }),
  timer: (ms, act) => {
    const timer = setTimeout(act, Math.max(0, ms))
    return () => clearTimeout(timer)
  },
  waitUntil: (promise) => waitUntil(promise),
  env: () => env,
  cutAt: () => cut.getStore(),
  withCutAt: (cutAt, work) => cut.run(cutAt, work),
  trace: currentTrace,
  withTrace: (trace, work) => (trace === traces.getStore() ? work() : traces.run(trace, work)),
  log: (event, details) => console.log(JSON.stringify({ event, ...details })),
  warn: (event, details) => console.warn(JSON.stringify({ event, ...details })),
}
