/**
 * Knows which verb causes a commit. The core's methods and the verbs are wrapped, so that at every commit the watch knows
 * the request. A held sync that is answered within another call is its own cause.
 */
import { LedgerCore } from '../../../src/engine/ledger/host/core.ts'
import { verbs } from '../../../src/engine/ledger/host/verbs.ts'
import { Maintenance } from '../../../src/engine/ledger/maintenance/maintenance.ts'
import type { EnqueueReply, EnqueueRequest } from '../../../src/engine/ledger/protocol/enqueue.ts'
import type { ScheduleAction, ScheduleControl } from '../../../src/engine/ledger/protocol/schedules.ts'
import type { SyncReply, SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
import type { Verb } from '../../../src/engine/ledger/protocol/verbs.ts'
import type { ActivatedLedger, Activation } from '../../../src/testing/activation.ts'
import { machine } from '../../../src/testing/machine.ts'
import type { LedgerWatch } from './ledger-watch.ts'

export type Cause =
  | { readonly verb: 'enqueue'; readonly request: EnqueueRequest; readonly now: number }
  | { readonly verb: 'sync'; readonly request: SyncRequest; readonly now: number }
  | { readonly verb: 'cancel' | 'redrive' | 'update'; readonly id: string; readonly now: number }
  | { readonly verb: 'controlSchedule'; readonly name: string; readonly action: ScheduleAction; readonly now: number }
  | { readonly verb: 'bulk' | 'adopt' | 'triggerSchedule' | 'reconcile' | 'maintain' | 'sweep'; readonly now: number }

const causes = new WeakMap<Activation, Cause>()
const cores = new WeakMap<Activation, LedgerCore>()
const watches = new WeakMap<ActivatedLedger, LedgerWatch>()

/** The core of an activation, once it has been called. */
export function coreOf(activation: Activation | undefined): LedgerCore | undefined {
  return activation && cores.get(activation)
}

/** @throws Error when nobody watches this ledger */
export function watchOf(ledger: ActivatedLedger): LedgerWatch {
  const watch = watches.get(ledger)
  if (!watch) throw new Error(`nobody watches ledger ${ledger.shard}`)
  return watch
}

export function watchOver(ledger: ActivatedLedger, watch: LedgerWatch): void {
  watches.set(ledger, watch)
}

export function causeOf(activation: Activation): Cause | undefined {
  return causes.get(activation)
}

type Call = (...args: never[]) => unknown

/** Notes the cause while this activation deals with a call. */
function during<T>(cause: Cause, call: () => T): T {
  const activation = machine() as Activation
  const outer = causes.get(activation)
  causes.set(activation, cause)
  try {
    return call()
  } finally {
    if (outer) causes.set(activation, outer)
    else causes.delete(activation)
  }
}

/** Wraps a method of every core there will be. */
function wrapCore(name: string, cause: (args: never[]) => Cause, owner: object = LedgerCore.prototype): void {
  const methods = owner as unknown as Record<string, Call>
  const real = methods[name] as Call
  methods[name] = function (this: LedgerCore, ...args: never[]) {
    const activation = machine() as Activation
    if (this instanceof LedgerCore) cores.set(activation, this)
    const inner = cause(args)
    return during(inner, () => {
      const reply = real.apply(this, args)
      if (inner.verb === 'enqueue') watchOf(activation.ledger).enqueued(inner.request, reply as EnqueueReply)
      if (inner.verb === 'sync')
        watchOf(activation.ledger).synced(activation.ledger, inner.request, reply as SyncReply, inner.now)
      return reply
    })
  }
}

/** Wraps a verb of the table. */
function wrapVerb(verb: Verb, cause: (request: never, now: number) => Cause): void {
  const table = verbs as unknown as Record<string, (ledger: unknown, request: never) => unknown>
  const real = table[verb] as (ledger: unknown, request: never) => unknown
  table[verb] = (ledger, request) => during(cause(request, machine().now()), () => real(ledger, request))
}

wrapCore('enqueue', ([request, now]) => ({ verb: 'enqueue', request: request as never, now: now as never }))
wrapCore('sync', ([request, now]) => ({ verb: 'sync', request: request as never, now: now as never }))
for (const verb of ['reconcile', 'maintain'] as const) wrapCore(verb, ([now]) => ({ verb, now: now as never }))
wrapCore('sweep', ([now]) => ({ verb: 'sweep', now: now as never }), Maintenance.prototype)
wrapVerb('cancel', (id, now) => ({ verb: 'cancel', id, now }))
for (const verb of ['redrive', 'update'] as const) wrapVerb(verb, ({ id }: { id: string }, now) => ({ verb, id, now }))
for (const verb of ['bulk', 'adopt', 'change', 'triggerSchedule'] as const)
  wrapVerb(verb, (_, now) => ({ verb: verb === 'change' ? 'adopt' : verb, now }))
wrapVerb('controlSchedule', ({ name, action }: ScheduleControl, now) => ({
  verb: 'controlSchedule',
  name,
  action,
  now,
}))
