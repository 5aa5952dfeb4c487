/**
 * The attempts that go on in a virtual world, as an onlooker sees them: one whose signal has aborted, or whose
 * invocation is dead, has ended. Writes down every moment at which a job had two.
 */
import type { RunContext } from '../../../src/engine/task/task.ts'
import type { VirtualEnv } from './isolate.ts'

export class LiveAttempts {
  /** Jobs that had two live attempts at once. There must be none (I2). */
  readonly doubled: string[] = []
  readonly #contexts = new Map<string, Set<RunContext>>()

  /** Runs a handler under the eyes of this onlooker. */
  async watch<T>(context: RunContext, handler: () => Promise<T>): Promise<T> {
    const { id } = context.job
    const others = this.#contexts.get(id) ?? new Set()
    this.#contexts.set(id, others)
    if ([...others].some(isLive)) this.doubled.push(id)
    others.add(context)
    try {
      return await handler()
    } finally {
      others.delete(context)
    }
  }
}

function isLive({ env, signal }: RunContext): boolean {
  return !signal.aborted && !(env as unknown as VirtualEnv).isolate.isDead
}
