/** The section on capacity of docs/cost.md. Every number in it is computed. */
import { dollars } from './bill.ts'
import { capacity, limits } from './capacity.ts'
import { costOf, type Results } from './results.ts'

const rates = [1_000, 10_000, 100_000]
const handlersMs = [20, 1_000]

const n = (value: number): string => Math.round(value).toLocaleString('en')
const percent = (share: number): string => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`

export function capacityText({ shapes, real }: Results): string {
  const bulk = costOf(shapes, 'bulk')
  const bulkSlow = costOf(shapes, 'bulk, 200 ms')
  const plain = costOf(shapes, 'plain')
  const { aShard } = capacity({ jobsASecond: 1, handlerMs: 20, job: bulk, cpuMs: real.cpuMsAJob })
  const rows = rates.flatMap((jobsASecond) =>
    handlersMs.map((handlerMs) => {
      const isShort = handlerMs < 50
      const within = isShort ? limits : { ...limits, concurrency: 10 }
      const found = capacity({ jobsASecond, handlerMs, job: isShort ? bulk : bulkSlow, cpuMs: real.cpuMsAJob }, within)
      const [what, share] = found.used[0] ?? ['', 0]
      const cells = [n(jobsASecond), `${n(handlerMs)} ms`, n(found.shards), n(found.queues), n(found.runners)]
      return `| ${[...cells, `${what}, ${percent(share)}`, dollars(found.usdAMonth)].join(' | ')} |`
    }),
  )
  return `## Capacity

The capacity of a deployment follows from the costs of a job and the limits of the platform. It is computed by
[\`capacity.ts\`](../bench/cost/capacity.ts), not measured on the network.

**A shard** is one Durable Object: one thread, and about ${n(limits.requestsASecond)} requests per second before it is overloaded. A job that is
enqueued alone takes ${plain.requests.toFixed(1)} of these requests, which bounds a shard to ${n(limits.requestsASecond / plain.requests)} such jobs per second. At higher rates, runners
stay at work and one sync serves many jobs: in bulk, a job takes ${bulk.requests.toFixed(2)} requests, which bounds a shard to ${n(aShard.byRequests)}
jobs per second. The thread is then the tighter bound. The core takes about ${limits.ledgerUsAJob} µs to enqueue, claim and settle a job
(\`npm run bench:core\`, on Node). RPC and writes to disk use the thread too, so the table plans with ${percent(limits.cpuShare)} of the thread
for the core, which is ${n(aShard.byCpu)} jobs per second. Cloudflare publishes no limit on the rate of rows written.

**Runners** are consumer invocations: at most ${n(limits.consumers)} at once per queue. Each runs ten jobs at once, or up to ${limits.concurrency} if
they take less than 50 ms. The rate of messages is no bound, because one wake-up stands for hundreds of jobs and a queue
takes ${n(limits.messagesASecond)} messages per second. A ledger has at most eight runners at work, so long handlers need more shards for their
runners.

| jobs per second | handler | shards | queues | runners at once | highest utilization | cost per month |
|---|---|---|---|---|---|---|
${rows.join('\n')}

No job passes through D1. With short handlers, the thread of a ledger saturates first; with long ones, the runners of a
ledger and the consumers of the queue. Chard has one queue today, so a load that needs more has to be split into several
deployments. \`shards\` is at most ${n(limits.shardsMax)}. The cost is for a whole month at that rate, at list prices. Almost all of it is
rows written: ${dollars((bulk.rowsWritten * 1e6) / 1e6)} for a million jobs.

**A live system grows** by a larger \`shards\`: from the next deployment on, plain jobs go to the new shards too, and nothing
moves. Jobs with an idempotency key or a partition, and tasks with limits, stay on the home shards, whose number
(\`homeShards\`) is chosen once. Choose it for the expected load of such jobs, because an idle home shard costs only the
watchdog's call a minute. A task with a limit of its own has the throughput of one shard.`
}
