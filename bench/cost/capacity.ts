/**
 * What a deployment can take, computed from measured costs and the platform's limits: how many shards and queues a rate
 * needs, what saturates first, what it costs. Every number in the text on capacity comes from here.
 */
import { chardBill } from './bill.ts'
import type { JobCost } from './counts.ts'

/** What the platform allows, and what was measured. */
export interface Limits {
  /** Soft, of one Durable Object. https://developers.cloudflare.com/durable-objects/platform/limits/ */
  readonly requestsASecond: number
  /** Of one core for a job's whole life in the ledger, `npm run bench:core`; and the share of it that is planned with. */
  readonly ledgerUsAJob: number
  readonly cpuShare: number
  /** Messages of one queue. https://developers.cloudflare.com/queues/platform/limits/ */
  readonly messagesASecond: number
  /** Consumer invocations of one queue at once. */
  readonly consumers: number
  /** Runners that a ledger lets be at work at once. */
  readonly runnersAShard: number
  /** Jobs that one runner has in hand at once. */
  readonly concurrency: number
  /** Shards that `spread` takes at most. */
  readonly shardsMax: number
}

export const limits: Limits = {
  requestsASecond: 1_000,
  ledgerUsAJob: 60,
  cpuShare: 0.3,
  messagesASecond: 5_000,
  consumers: 250,
  runnersAShard: 8,
  concurrency: 100,
  shardsMax: 1_000,
}

export interface Load {
  readonly jobsASecond: number
  /** How long a handler takes. */
  readonly handlerMs: number
  /** What a job costs when this many come. */
  readonly job: JobCost
  readonly cpuMs: number
}

export interface Capacity {
  /** Jobs a second of one shard, by each of its bounds. */
  readonly aShard: { readonly byRequests: number; readonly byCpu: number }
  readonly shards: number
  readonly queues: number
  /** Runners at work at once, on average. */
  readonly runners: number
  /** How much of each bound is used with so many shards and queues, the fullest first. */
  readonly used: readonly (readonly [what: string, share: number])[]
  readonly usdAMonth: number
}

const monthSeconds = 30 * 86_400

export function capacity({ jobsASecond, handlerMs, job, cpuMs }: Load, within = limits): Capacity {
  const byRequests = within.requestsASecond / job.requests
  const byCpu = (1e6 / within.ledgerUsAJob) * within.cpuShare
  const runners = Math.ceil((jobsASecond * handlerMs) / 1_000 / within.concurrency)
  const byRate = Math.ceil(jobsASecond / Math.min(byRequests, byCpu))
  const shards = Math.max(1, byRate, Math.ceil(runners / within.runnersAShard))
  const messages = (jobsASecond * job.queueOperations) / 3
  const queues = Math.max(1, Math.ceil(runners / within.consumers), Math.ceil(messages / within.messagesASecond))
  const aShard = jobsASecond / shards
  const used: [string, number][] = [
    ['requests of a ledger', aShard / byRequests],
    ['the thread of a ledger, as planned', aShard / byCpu],
    ["a ledger's runners", runners / shards / within.runnersAShard],
    ["a queue's messages", messages / queues / within.messagesASecond],
    ["a queue's consumers", runners / queues / within.consumers],
    ['shards that may be set', shards / within.shardsMax],
  ]
  used.sort((a, b) => b[1] - a[1])
  const usdAMonth = (chardBill('', job, cpuMs).usd * jobsASecond * monthSeconds) / 1e6
  return { aShard: { byRequests, byCpu }, shards, queues, runners, used, usdAMonth }
}
