/** The one table of a ledger's verbs. The Durable Object's methods, the dispatcher's calls and the virtual platform come from it. */
import type { LedgerVerbs, Verb } from '../protocol/protocol.ts'
import type { Dispatcher } from './dispatcher.ts'

type Reply<V extends Verb> = ReturnType<LedgerVerbs[V]>
type Handler<V extends Verb> = (
  ledger: Dispatcher,
  ...request: Parameters<LedgerVerbs[V]>
) => Reply<V> | Promise<Reply<V>>

export const verbs: { readonly [V in Verb]: Handler<V> } = {
  enqueue: (ledger, request) => ledger.enqueue(request),
  sync: (ledger, request) => ledger.sync(request),
  get: (ledger, id) => ledger.get(id),
  list: (ledger, request) => ledger.list(request),
  cancel: (ledger, id) => ledger.cancel(id),
  redrive: (ledger, request) => ledger.redrive(request),
  update: (ledger, request) => ledger.update(request),
  bulk: (ledger, request) => ledger.bulk(request),
  bulkProgress: (ledger, id) => ledger.bulkProgress(id),
  change: (ledger, request) => ledger.change(request),
  settings: (ledger) => ledger.settings(),
  adopt: (ledger, settings) => ledger.adopt(settings),
  schedules: (ledger) => ledger.schedules(),
  controlSchedule: (ledger, request) => ledger.controlSchedule(request),
  triggerSchedule: (ledger, request) => ledger.triggerSchedule(request),
  overview: (ledger) => ledger.overview(),
  charts: (ledger, request) => ledger.charts(request),
  metrics: (ledger) => ledger.metrics(),
  halt: (ledger, on) => ledger.halt(on),
  wake: (ledger, settings) => ledger.wake(settings),
}

export const verbNames = Object.keys(verbs) as readonly Verb[]

/** Calls a verb of a ledger with what a caller has sent. */
export async function callVerb(ledger: Dispatcher, verb: Verb, request: readonly unknown[]): Promise<unknown> {
  const handler = verbs[verb] as (ledger: Dispatcher, ...request: readonly unknown[]) => unknown
  return handler(ledger, ...request)
}
