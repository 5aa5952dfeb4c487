/** One invocation of the Worker, in an isolate that others may share: its budget, its limits, its end. */
import type { Isolate } from './isolate.ts'
import { Machine } from './machine.ts'

export class Invocation extends Machine {
  /** Called once, however it ends. */
  readonly ends: (() => void)[] = []
  #subrequests: number

  constructor(
    name: string,
    readonly isolate: Isolate,
    subrequests: number,
  ) {
    super(name, isolate.around, isolate.skew)
    this.#subrequests = subrequests
    isolate.invocations.add(this)
  }

  get env(): object {
    return this.isolate.bindings
  }

  get exports(): object {
    return this.isolate.exports
  }

  /** Each call to something outside uses one up. @throws Error when none is left */
  subrequest(): void {
    if (--this.#subrequests < 0) throw new Error('Too many subrequests.')
  }

  override die(): void {
    if (this.isDead) return
    this.around.attempts?.ended(this)
    super.die()
    this.isolate.invocations.delete(this)
    for (const end of this.ends) end()
  }
}
