/** Bills at list prices, without the included amounts of plans: Chard's from its counts, and of the same work elsewhere. */
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
  /** The assumptions behind the counts. */
  readonly because: string
}

const million = 1_000_000

function bill(of: string, because: string, units: readonly (readonly [perJob: number, price: Price])[]): Bill {
  const lines = units.map(([perJob, price]) => ({ units: perJob * million, price, usd: cost(price, perJob * million) }))
  return { of, lines, usd: lines.reduce((sum, { usd }) => sum + usd, 0), because }
}

/**
 * The bill for a million units of a shape on Chard.
 * @param cpuMs the measured CPU time of Workers and consumers per unit; the CPU time of objects is part of their GB-s
 */
export function chardBill(of: string, job: JobCost, cpuMs: number): Bill {
  return bill(`Chard, ${of}`, 'counted', [
    [job.rowsWritten, cloudflare.rowsWritten],
    [job.requests, cloudflare.objectRequests],
    [job.queueOperations, cloudflare.queueOperations],
    [job.gbSeconds, cloudflare.objectSeconds],
    [job.workerRequests, cloudflare.workerRequests],
    [cpuMs, cloudflare.cpuMs],
    [job.rowsRead, cloudflare.rowsRead],
  ])
}

/** A job, as other services bill it. */
export interface Elsewhere {
  /** How long its handler takes, waiting included. */
  readonly handlerMs: number
  readonly attempts: number
  /** Enqueued in batches: SQS takes ten messages in a request, Lambda receives ten, and one Worker request enqueues many. */
  readonly isBulk: boolean
  /** The CPU time of its Worker. A Workflow is assumed to use the same. */
  readonly cpuMs: number
}

/** How long the state of a Workflow instance is kept, and its assumed size. */
const keptDays = 7
const keptKb = 2
/** The memory of a Lambda function that does the same as the Worker. */
const lambdaGb = 0.128
const sqsBatch = 10
const workflowsBatch = 100

/** The bills for a million jobs on other services. */
export function elsewhere(job: Elsewhere): Bill[] {
  const { handlerMs, attempts, isBulk, cpuMs } = job
  const a = isBulk ? 1 / sqsBatch : 1
  return [
    bill(
      'Cloudflare Workflows',
      `one instance of one step, created by a Worker${isBulk ? ` in batches of ${workflowsBatch}` : ''}; ${keptKb} KB of state kept for ${keptDays} days; it is assumed that steps are not billed on top of instances, about which nothing was found`,
      [
        [isBulk ? 1 / workflowsBatch : 1, cloudflare.workerRequests],
        [1, cloudflare.workflowRequests],
        [cpuMs * attempts, cloudflare.cpuMs],
        [((keptKb / 1e6) * keptDays) / 30, cloudflare.workflowStorage],
      ],
    ),
    bill(
      'SQS + Lambda + DynamoDB',
      `send, receive and delete${isBulk ? ` in batches of ${sqsBatch}` : ''}; a Lambda function of 128 MB, which is billed while it waits; a status row of up to 1 KB, written when the job is enqueued, started and finished, read once, and removed by its time to live at no cost; without idle polling and without an API in front`,
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
      `one message per job, retries free; the Worker that is called, and the Worker that publishes${isBulk ? ' in batches of 100' : ''}; no status row`,
      [
        [1, upstash.messages],
        [attempts + (isBulk ? 0.01 : 1), cloudflare.workerRequests],
        [cpuMs * attempts, cloudflare.cpuMs],
      ],
    ),
  ]
}

/** Formats dollars: with cents below $100. */
export const dollars = (usd: number): string =>
  usd >= 100 ? `$${Math.round(usd).toLocaleString('en')}` : `$${usd.toFixed(2)}`
