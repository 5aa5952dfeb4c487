/**
 * The attempts that go on in a virtual world. An attempt has ended when its signal has aborted or its invocation is dead.
 * Records each job that had two live attempts at the same time.
 */
import type { RunContext } from '../../src/engine/task/task.ts'
import { type Machine, machine } from '../../src/testing/machine.ts'

interface Live {
  readonly signal: AbortSignal
  readonly on: Machine
}

export class LiveAttempts {
  /** Jobs that had two live attempts at once. There must be none (I2). */
  readonly doubled: string[] = []
  readonly #attempts = new Map<string, Set<Live>>()

  /** Runs a handler and watches it. */
  async watch<T>({ job, signal }: RunContext, handler: () => Promise<T>): Promise<T> {
    const others = this.#attempts.get(job.id) ?? new Set()
    this.#attempts.set(job.id, others)
    if ([...others].some(isLive)) this.doubled.push(job.id)
    const attempt = { signal, on: machine() }
    others.add(attempt)
    try {
      return await handler()
    } finally {
      others.delete(attempt)
    }
  }
}

function isLive({ on, signal }: Live): boolean {
  return !signal.aborted && !on.isDead
}
