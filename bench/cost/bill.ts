/** Counts in dollars, at list prices and without what plans include; and the same work elsewhere, its arithmetic shown. */
import type { JobCost } from './counts.ts'
import { amazon, cloudflare, cost, type Price, upstash } from './prices.ts'

/** One line of a bill for a million units of work. */
export interface Line {
  readonly units: number
  readonly price: Price
  readonly usd: number
}

export interface Bill {
  readonly of: string
  readonly lines: readonly Line[]
  readonly usd: number
  /** What was assumed to count so. */
  readonly because: string
}

const million = 1_000_000

function bill(of: string, because: string, units: readonly (readonly [perJob: number, price: Price])[]): Bill {
  const lines = units.map(([perJob, price]) => ({ units: perJob * million, price, usd: cost(price, perJob * million) }))
  return { of, lines, usd: lines.reduce((sum, { usd }) => sum + usd, 0), because }
}

/**
 * A million units of a shape on Chard.
 * @param cpuMs of Workers and consumers for each, as measured; an object's own CPU is in its seconds
 */
export function chardBill(of: string, job: JobCost, cpuMs: number): Bill {
  return bill(`Chard, ${of}`, 'counted by this bench', [
    [job.rowsWritten, cloudflare.rowsWritten],
    [job.requests, cloudflare.objectRequests],
    [job.queueOperations, cloudflare.queueOperations],
    [job.gbSeconds, cloudflare.objectSeconds],
    [job.workerRequests, cloudflare.workerRequests],
    [cpuMs, cloudflare.cpuMs],
    [job.rowsRead, cloudflare.rowsRead],
  ])
}

/** What a job is elsewhere. */
export interface Elsewhere {
  /** How long its handler waits or works. */
  readonly handlerMs: number
  readonly attempts: number
  /** Enqueued with others: SQS takes ten in a request, Lambda gets ten, a Worker enqueues them in one request. */
  readonly isBulk: boolean
  /** CPU of its Worker; the same is assumed of a Workflow. */
  readonly cpuMs: number
}

/** How long an instance's state is kept for comparison, and how large it is taken to be. */
const keptDays = 7
const keptKb = 2
/** The memory of a function that does what a Worker does. */
const lambdaGb = 0.128
const sqsBatch = 10
const workflowsBatch = 100

export function elsewhere(job: Elsewhere): Bill[] {
  const { handlerMs, attempts, isBulk, cpuMs } = job
  const a = isBulk ? 1 / sqsBatch : 1
  return [
    bill(
      'Cloudflare Workflows',
      `one instance of one step, created by a Worker${isBulk ? ' a hundred at a time' : ''}; ${keptKb} KB of state kept ${keptDays} days; whether steps are billed beside instances was not found`,
      [
        [isBulk ? 1 / workflowsBatch : 1, cloudflare.workerRequests],
        [1, cloudflare.workflowRequests],
        [cpuMs * attempts, cloudflare.cpuMs],
        [((keptKb / 1e6) * keptDays) / 30, cloudflare.workflowStorage],
      ],
    ),
    bill(
      'SQS + Lambda + DynamoDB',
      `send, receive and delete${isBulk ? ` by ${sqsBatch}` : ''}; a Lambda of 128 MB that is billed while it waits; a status row of up to 1 KB written when enqueued, started, ended and removed by its time to live (free), read once; no idle polling, no API in front`,
      [
        [a * (1 + 2 * attempts), amazon.sqsRequests],
        [a * attempts, amazon.lambdaRequests],
        [(handlerMs / 1_000) * lambdaGb * attempts, amazon.lambdaSeconds],
        [1 + 2 * attempts, amazon.dynamoWrites],
        [1, amazon.dynamoReads],
      ],
    ),
    bill(
      'QStash, calling a Worker',
      `one message a job, retries free; the Worker that is called, and the one that publishes${isBulk ? ' by hundreds' : ''}; no status row`,
      [
        [1, upstash.messages],
        [attempts + (isBulk ? 0.01 : 1), cloudflare.workerRequests],
        [cpuMs * attempts, cloudflare.cpuMs],
      ],
    ),
  ]
}

/** Dollars as a person reads them. */
export const dollars = (usd: number): string =>
  usd >= 100 ? `$${Math.round(usd).toLocaleString('en')}` : `$${usd.toFixed(2)}`
