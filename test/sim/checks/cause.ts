/**
 * Which verb of which core writes: the core's verbs, each wrapped so that a watcher knows, at every commit, what was
 * asked and by whom. A held sync that is answered within another call is its own cause.
 */
import { LedgerCore } from '../../../src/engine/ledger/host/core.ts'
import type {
  EnqueueReply,
  EnqueueRequest,
  ScheduleAction,
  SyncReply,
  SyncRequest,
} from '../../../src/engine/ledger/protocol/protocol.ts'
import { Activation } from '../../../src/testing/activation.ts'
import type { VirtualLedger } from '../../../src/testing/ledger.ts'
import { machine } from '../../../src/testing/machine.ts'
import type { LedgerWatch } from './ledger-watch.ts'

export type Cause =
  | { readonly verb: 'enqueue'; readonly request: EnqueueRequest; readonly now: number }
  | { readonly verb: 'sync'; readonly request: SyncRequest; readonly now: number }
  | { readonly verb: 'cancel' | 'redrive' | 'update'; readonly id: string; readonly now: number }
  | { readonly verb: 'controlSchedule'; readonly name: string; readonly action: ScheduleAction; readonly now: number }
  | { readonly verb: 'bulk' | 'adopt' | 'triggerSchedule' | 'reconcile' | 'upkeep' | 'sweep'; readonly now: number }

const causes = new WeakMap<Activation, Cause>()
const cores = new WeakMap<Activation, LedgerCore>()
const watches = new WeakMap<VirtualLedger, LedgerWatch>()

/** The core of an activation, once it has been opened. */
export function coreOf(activation: Activation | undefined): LedgerCore | undefined {
  return activation && cores.get(activation)
}

/** @throws Error when nobody watches this ledger */
export function watchOf(ledger: VirtualLedger): LedgerWatch {
  const watch = watches.get(ledger)
  if (!watch) throw new Error(`nobody watches ledger ${ledger.shard}`)
  return watch
}

export function watchOver(ledger: VirtualLedger, watch: LedgerWatch): void {
  watches.set(ledger, watch)
}

export function causeOf(activation: Activation): Cause | undefined {
  return causes.get(activation)
}

type Verb = (...args: never[]) => unknown

/** Wraps the verbs of every core there will be. Answers of syncs are shown to the ledger's watch. */
function wrap(verb: Cause['verb'], cause: (args: never[]) => Cause): void {
  const verbs = LedgerCore.prototype as unknown as Record<string, Verb>
  const real = verbs[verb] as Verb
  verbs[verb] = function (this: LedgerCore, ...args: never[]) {
    const activation = machine() as Activation
    const outer = causes.get(activation)
    const inner = cause(args)
    causes.set(activation, inner)
    try {
      const reply = real.apply(this, args)
      if (inner.verb === 'enqueue') watchOf(activation.ledger).enqueued(inner.request, reply as EnqueueReply)
      if (inner.verb === 'sync')
        watchOf(activation.ledger).synced(activation.ledger, inner.request, reply as SyncReply, inner.now)
      return reply
    } finally {
      if (outer) causes.set(activation, outer)
      else causes.delete(activation)
    }
  }
}

wrap('enqueue', ([request, now]) => ({ verb: 'enqueue', request: request as never, now: now as never }))
wrap('sync', ([request, now]) => ({ verb: 'sync', request: request as never, now: now as never }))
wrap('cancel', ([id, now]) => ({ verb: 'cancel', id: id as never, now: now as never }))
for (const verb of ['redrive', 'update'] as const)
  wrap(verb, ([request, now]) => ({ verb, id: (request as unknown as { id: string }).id, now: now as never }))
for (const verb of ['bulk', 'adopt'] as const) wrap(verb, ([, now]) => ({ verb, now: now as never }))
for (const verb of ['reconcile', 'upkeep', 'sweep'] as const) wrap(verb, ([now]) => ({ verb, now: now as never }))
wrap('triggerSchedule', ([, now]) => ({ verb: 'triggerSchedule', now: now as never }))
wrap('controlSchedule', ([name, action, now]) => ({
  verb: 'controlSchedule',
  name: name as never,
  action: action as never,
  now: now as never,
}))

/** A dispatcher reads facts as it is made: that is when an activation has its core, or another one where opening failed. */
const facts = Object.getOwnPropertyDescriptor(LedgerCore.prototype, 'facts')
Object.defineProperty(LedgerCore.prototype, 'facts', {
  ...facts,
  get(this: LedgerCore) {
    const here = machine()
    if (here instanceof Activation) cores.set(here, this)
    return facts?.get?.call(this)
  },
})
