/**
 * The capacity of a deployment, computed from measured costs and the platform's limits: how many shards and queues a rate
 * needs, which bound saturates first, and what it costs.
 */
import { chardBill } from './bill.ts'
import type { JobCost } from './counts.ts'

/** The limits of the platform and of Chard, and what was measured. */
export interface Limits {
  /** The soft limit of one Durable Object: https://developers.cloudflare.com/durable-objects/platform/limits/ */
  readonly requestsASecond: number
  /** CPU time to enqueue, claim and settle a job, measured by `npm run bench:core`. */
  readonly ledgerUsAJob: number
  /** The share of a ledger's thread that is planned for this. */
  readonly cpuShare: number
  /** Of one queue: https://developers.cloudflare.com/queues/platform/limits/ */
  readonly messagesASecond: number
  /** Consumer invocations of one queue at once. */
  readonly consumers: number
  /** Runners that are at work for a ledger at once. */
  readonly runnersAShard: number
  /** Jobs that one runner runs at once. */
  readonly concurrency: number
  /** The maximum of the option `shards`. */
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
  /** What a job costs at this rate. */
  readonly job: JobCost
  /** CPU time of the Worker and the consumer per job. */
  readonly cpuMs: number
}

export interface Capacity {
  /** The most jobs per second of one shard, by each of its bounds. */
  readonly aShard: { readonly byRequests: number; readonly byCpu: number }
  readonly shards: number
  readonly queues: number
  /** Runners at work at once, on average. */
  readonly runners: number
  /** The utilization of each bound with so many shards and queues, the highest first. */
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
    ["a ledger's requests", aShard / byRequests],
    ["the planned share of a ledger's thread", aShard / byCpu],
    ["a ledger's runners", runners / shards / within.runnersAShard],
    ["a queue's messages", messages / queues / within.messagesASecond],
    ["a queue's consumers", runners / queues / within.consumers],
    ['the maximum of `shards`', shards / within.shardsMax],
  ]
  used.sort((a, b) => b[1] - a[1])
  const usdAMonth = (chardBill('', job, cpuMs).usd * jobsASecond * monthSeconds) / 1e6
  return { aShard: { byRequests, byCpu }, shards, queues, runners, used, usdAMonth }
}
