/** One invocation of the Worker: it shares an isolate with others, and has a budget of subrequests. */
import type { Isolate } from './isolate.ts'
import { Machine } from './machine.ts'

/** Why the Worker was invoked. `direct`: by a ledger that starts a runner. */
export type InvocationKind = 'web' | 'queue' | 'cron' | 'direct'

export interface InvocationObserver {
  opened?(invocation: Invocation): void
  /** An invocation is about to end, whether its work is done or not. */
  ended?(invocation: Invocation): void
}

export interface InvocationOptions {
  readonly name: string
  readonly kind: InvocationKind
  readonly isolate: Isolate
  /** How many calls to ledgers it may make. */
  readonly subrequests: number
  readonly observer: InvocationObserver
}

export class Invocation extends Machine {
  readonly kind: InvocationKind
  readonly isolate: Isolate
  /** Called once, when the invocation ends for whatever reason. */
  readonly ends: (() => void)[] = []
  readonly #observer: InvocationObserver
  #subrequests: number

  constructor({ name, kind, isolate, subrequests, observer }: InvocationOptions) {
    super({ name, around: isolate.around, skew: isolate.skew })
    this.kind = kind
    this.isolate = isolate
    this.#subrequests = subrequests
    this.#observer = observer
    isolate.invocations.add(this)
    observer.opened?.(this)
  }

  override env(): Cloudflare.Env {
    return this.isolate.bindings as Cloudflare.Env
  }

  override subrequest(): void {
    if (--this.#subrequests < 0) throw new Error('Too many subrequests.')
  }

  override die(): void {
    if (this.isDead) return
    this.#observer.ended?.(this)
    super.die()
    this.isolate.invocations.delete(this)
    for (const end of this.ends) end()
  }
}
