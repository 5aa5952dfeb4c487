/**
 * The Worker whose costs are counted. `/shape` runs a shape on the virtual platform over the SQLite of an object: the counts
 * are exact, and weeks take seconds. `/real` confirms them with jobs through this Worker's own ledger, alarms and queue.
 */
import { DurableObject } from 'cloudflare:workers'
import { z } from 'zod'
import { createChard } from '../../../src/engine/index.ts'
import type { Counts } from '../counts.ts'
import { measured, shapes } from '../shapes.ts'
import { counted, type LedgerCounts } from './counted.ts'

const chard = createChard({ shards: 1 })
const plain = chard.task({ name: 'plain', input: z.unknown(), run: () => {} })
const worker = chard.serve([plain])

export const Ledger = counted(worker.Ledger)
export const Runner = worker.Runner

/** An object that provides its SQLite. Each shape has one of its own. */
export class Bench extends DurableObject {
  async measure(name: string): Promise<Counts> {
    const shape = shapes.find((one) => one.name === name)
    if (!shape) throw new Error(`there is no shape ${name}`)
    return measured(shape, this.ctx.storage)
  }
}

interface Env {
  readonly LEDGER: DurableObjectNamespace
  readonly BENCH: DurableObjectNamespace<Bench>
}

let messages = 0

/** Runs jobs one at a time, or in batches, and returns the counts once all have finished. */
async function real({ LEDGER }: Env, jobs: number, batch: number): Promise<object> {
  const ledger = LEDGER.get(LEDGER.idFromName('shard-0')) as unknown as { counted(): Promise<LedgerCounts> }
  await worker.scheduled()
  const [before, sentBefore] = [await ledger.counted(), messages]
  for (let made = 0; made < jobs; made += batch) {
    await plain.enqueueMany(Array.from({ length: batch }, (_, n) => ({ input: n })))
    if (batch === 1) await scheduler.wait(1_500)
  }
  // Polling calls the ledger too, and is subtracted.
  let polls = 0
  for (;;) {
    await scheduler.wait(1_000)
    const { states } = await chard.stats.overview()
    polls++
    if (states.queued + states.running > 0) continue
    const after = await ledger.counted()
    const grown = Object.entries(after).map(([name, value]) => [name, value - before[name as keyof LedgerCounts]])
    const counts = Object.fromEntries(grown) as LedgerCounts
    return { jobs, ...counts, calls: counts.calls - polls, messages: messages - sentBefore }
  }
}

export default {
  scheduled: worker.scheduled,
  async queue(batch: MessageBatch): Promise<void> {
    messages += batch.messages.length
    await worker.queue(batch)
  },
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const name = searchParams.get('name') ?? ''
    if (pathname === '/shapes') return Response.json(shapes.map(({ name, what, unit }) => ({ name, what, unit })))
    if (pathname === '/shape') return Response.json(await env.BENCH.get(env.BENCH.idFromName(name)).measure(name))
    if (pathname === '/real')
      return Response.json(await real(env, Number(searchParams.get('jobs')), Number(searchParams.get('batch'))))
    return new Response('cost')
  },
}
