/** An isolate: one copy of the Worker's code in one version, and the invocations that run in it. */
import type { Chard } from '../../../src/engine/api.ts'
import type { Task } from '../../../src/engine/task/task.ts'
import type { ChardWorker } from '../../../src/engine/worker.ts'
import type { Input } from '../moods.ts'
import type { Invocation } from './invocation.ts'
import type { Surroundings } from './machine.ts'

export type Version = 'old' | 'new'

/** The Worker as its modules have set it up. */
export interface Program {
  readonly chard: Chard
  readonly worker: ChardWorker
  readonly tasks: Readonly<Record<string, Task<Input, unknown>>>
}

export class Isolate {
  readonly invocations = new Set<Invocation>()
  isDead = false
  /** Until then none of its calls arrives. */
  silentUntil = 0

  constructor(
    readonly name: string,
    readonly version: Version,
    readonly program: Program,
    readonly around: Surroundings,
    readonly skew: { ms: number },
    readonly bindings: object,
    readonly exports: object,
    /** True when its requests lack what they have come to say since. */
    readonly speaksOld: boolean,
  ) {}

  die(): void {
    this.isDead = true
    for (const invocation of [...this.invocations]) invocation.die()
  }
}
