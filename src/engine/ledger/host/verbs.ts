/**
 * The one table of a ledger's verbs. The methods of the Durable Object, the calls of the dispatcher and the virtual platform come
 * from it. A new verb is a line in `LedgerVerbs` (protocol), a function in `commands/`, and a line here.
 */
import { beginBulk, bulkProgress } from '../commands/bulk.ts'
import { charts } from '../commands/charts.ts'
import { cancel, redrive, update } from '../commands/control.ts'
import { getJob, listJobs } from '../commands/read.ts'
import { controlSchedule, listSchedules, triggerSchedule } from '../commands/schedules.ts'
import { adoptSettings, changeSettings, settings } from '../commands/settings.ts'
import type { LedgerVerbs, Verb } from '../protocol/verbs.ts'
import type { Context } from '../transaction/context.ts'
import type { Transaction } from '../transaction/transaction.ts'
import type { Dispatcher } from './dispatcher.ts'

type Reply<V extends Verb> = ReturnType<LedgerVerbs[V]>
type Handler<V extends Verb> = (
  ledger: Dispatcher,
  ...request: Parameters<LedgerVerbs[V]>
) => Reply<V> | Promise<Reply<V>>

export const verbs: { readonly [V in Verb]: Handler<V> } = {
  enqueue: (ledger, request) => ledger.enqueue(request),
  sync: (ledger, request) => ledger.sync(request),
  get: query(getJob),
  list: query(listJobs),
  cancel: control(cancel),
  redrive: control(redrive),
  update: control(update),
  bulk: command(beginBulk),
  bulkProgress: query(bulkProgress),
  change: control(changeSettings),
  settings: query(settings),
  adopt: control(adoptSettings),
  schedules: (ledger) => ledger.query(listSchedules, true),
  controlSchedule: control(controlSchedule),
  triggerSchedule: control(triggerSchedule),
  overview: (ledger) => ledger.overview(),
  charts: query(charts),
  metrics: (ledger) => ledger.metrics(),
  halt: (ledger, on) => ledger.halt(on),
  wake: (ledger, newer) => ledger.wake(newer),
}

export const verbNames = Object.keys(verbs) as readonly Verb[]

/** Calls a verb of a ledger with what a caller has sent. */
export async function callVerb(ledger: Dispatcher, verb: Verb, request: readonly unknown[]): Promise<unknown> {
  const handler = verbs[verb] as (ledger: Dispatcher, ...request: readonly unknown[]) => unknown
  return handler(ledger, ...request)
}

/** A verb that only reads. */
function query<Request extends unknown[], R>(read: (context: Context, now: number, ...request: Request) => R) {
  return (ledger: Pick<Dispatcher, 'query'>, ...request: Request): R =>
    ledger.query((context, now) => read(context, now, ...request))
}

/** A verb that changes something, and makes no work ready. */
function command<Request extends unknown[], R>(verb: (tx: Transaction, ...request: Request) => R) {
  return (ledger: Pick<Dispatcher, 'command'>, ...request: Request): R => ledger.command((tx) => verb(tx, ...request))
}

/** A verb of a person, which may make work ready. */
function control<Request extends unknown[], R>(verb: (tx: Transaction, ...request: Request) => R) {
  return (ledger: Pick<Dispatcher, 'control'>, ...request: Request): R => ledger.control((tx) => verb(tx, ...request))
}
