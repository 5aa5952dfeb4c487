/** The section on capacity: every number in it is computed. */
import { dollars } from './bill.ts'
import { capacity, limits } from './capacity.ts'
import type { JobCost } from './counts.ts'
import type { Results } from './report.ts'

const rates = [1_000, 10_000, 100_000]
const handlers = [20, 1_000]

const n = (value: number): string => Math.round(value).toLocaleString('en')
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`

export function capacityText({ shapes, real }: Results): string {
  const job = costOf(shapes, 'bulk')
  const slower = costOf(shapes, 'bulk, 200 ms')
  const alone = costOf(shapes, 'plain')
  const one = capacity({ jobsASecond: 1, handlerMs: 20, job, cpuMs: real.cpuMsAJob })
  const rows = rates.flatMap((jobsASecond) =>
    handlers.map((handlerMs) => {
      const isShort = handlerMs < 50
      const within = isShort ? limits : { ...limits, concurrency: 10 }
      const found = capacity({ jobsASecond, handlerMs, job: isShort ? job : slower, cpuMs: real.cpuMsAJob }, within)
      const [what, share] = found.used[0] ?? ['', 0]
      const cells = [n(jobsASecond), `${n(handlerMs)} ms`, n(found.shards), n(found.queues), n(found.runners)]
      return `| ${[...cells, `${what}, ${percent(share)}`, dollars(found.usdAMonth)].join(' | ')} |`
    }),
  )
  return `## Capacity

How much a deployment takes follows from what a job costs and what the platform allows. Computed by
[\`capacity.ts\`](../bench/cost/capacity.ts); not measured on the network.

**A shard** is one object: one thread, and about ${n(limits.requestsASecond)} requests a second before it is overloaded. Jobs that come
singly spend ${alone.requests.toFixed(1)} of them each, so a shard takes ${n(limits.requestsASecond / alone.requests)} a second at most; in truth they stop coming singly long
before, because runners stay and syncs are shared: by the batch a job spends ${job.requests.toFixed(2)}, and requests would do for
${n(one.aShard.byRequests)} a second. Then the thread is the bound. The core takes about ${limits.ledgerUsAJob} µs a job through enqueue, claim and settle
(\`npm run bench:core\`, on Node); RPC and the write to disk take their part too, so ${percent(limits.cpuShare)} of the thread is planned
for it, which is ${n(one.aShard.byCpu)} jobs a second. Rows written have no published limit beside their price.

**Runners** are consumer invocations: ${n(limits.consumers)} at once for a queue, each with ten jobs side by side, or up to ${limits.concurrency} that take under
50 ms. Messages do not bound: a wake-up stands for hundreds of jobs, and a queue takes ${n(limits.messagesASecond)} a second. A ledger has at most
eight runners at work, so long handlers need shards for their runners too.

| jobs a second | a handler takes | shards | queues | runners at once | fullest | a month, all day |
|---|---|---|---|---|---|---|
${rows.join('\n')}

Nothing of this passes through D1. What saturates first is the thread of a ledger while handlers are short, and the consumers of
the queue while they are long. Chard has one queue today: a line that asks for more cannot be run as it stands, unless it is
split into several deployments. Nor does \`spread\` go beyond ${n(limits.shardsMax)}
shards. The month is at list prices, and almost all of it is rows written: ${dollars((job.rowsWritten * 1e6) / 1e6)} a million jobs.

**A live system grows** by \`spread\`: plain jobs go to the new shards from the next deploy on, nothing moves, and old shards drain by
themselves. Jobs with an idempotency key or a partition stay with the home shards, whose number (\`shards\`) is chosen once: choose it for
the keyed load to come, for an idle home costs only the watchdog's call a minute. A task with a limit of its own has one shard's throughput.`
}

function costOf(shapes: Results['shapes'], name: string): JobCost {
  const found = shapes.find((one) => one.name === name)
  if (!found) throw new Error(`${name} was not counted`)
  return found.cost
}
