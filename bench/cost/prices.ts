/**
 * All list prices of the bench, with their units and sources. They apply beyond the amounts that a plan includes. Those
 * amounts are listed, but not subtracted from any bill.
 */

export interface Price {
  /** The price of `per` units, in dollars. */
  readonly usd: number
  readonly per: number
  readonly unit: string
  /** The units per month that the paid plan includes. */
  readonly included: number
  readonly source: string
}

/** The day on which the sources were last checked. */
export const pricesAt = '2026-11-25'
/** The price of Workers Paid per month. */
export const planUsd = 5

const million = 1_000_000
const objects = 'https://developers.cloudflare.com/durable-objects/platform/pricing/'
const queues = 'https://developers.cloudflare.com/queues/platform/pricing/'
const workers = 'https://developers.cloudflare.com/workers/platform/pricing/'
const workflows = 'https://developers.cloudflare.com/workflows/reference/pricing/'
const sqs = 'https://aws.amazon.com/sqs/pricing/'
const lambda = 'https://aws.amazon.com/lambda/pricing/'
const dynamo = 'https://aws.amazon.com/dynamodb/pricing/on-demand/'
const qstash = 'https://upstash.com/pricing/qstash'

/** Cloudflare. */
export const cloudflare = {
  objectRequests: { usd: 0.15, per: million, unit: 'Durable Object requests', included: million, source: objects },
  objectSeconds: { usd: 12.5, per: million, unit: 'GB-s of Durable Objects', included: 400_000, source: objects },
  rowsWritten: { usd: 1, per: million, unit: 'rows written', included: 50 * million, source: objects },
  rowsRead: { usd: 0.001, per: million, unit: 'rows read', included: 25_000 * million, source: objects },
  objectStorage: { usd: 0.2, per: 1, unit: 'GB-month of Durable Objects', included: 5, source: objects },
  queueOperations: { usd: 0.4, per: million, unit: 'queue operations', included: million, source: queues },
  workerRequests: { usd: 0.3, per: million, unit: 'Worker requests', included: 10 * million, source: workers },
  cpuMs: { usd: 0.02, per: million, unit: 'CPU ms of Workers', included: 30 * million, source: workers },
  workflowRequests: { usd: 0.3, per: million, unit: 'Workflow invocations', included: 10 * million, source: workflows },
  workflowStorage: { usd: 0.2, per: 1, unit: 'GB-month of Workflows', included: 1, source: workflows },
} as const satisfies Record<string, Price>

/** Amazon, us-east-1. The included amounts are those of the free tier. */
export const amazon = {
  sqsRequests: { usd: 0.4, per: million, unit: 'SQS requests, standard queue', included: million, source: sqs },
  lambdaRequests: { usd: 0.2, per: million, unit: 'Lambda requests', included: million, source: lambda },
  lambdaSeconds: { usd: 16.6667, per: million, unit: 'GB-s of Lambda, x86', included: 400_000, source: lambda },
  dynamoWrites: { usd: 0.625, per: million, unit: 'DynamoDB write request units', included: 0, source: dynamo },
  dynamoReads: { usd: 0.125, per: million, unit: 'DynamoDB read request units', included: 0, source: dynamo },
} as const satisfies Record<string, Price>

/** Upstash, pay as you go. Its pages disagree on whether a retry counts as a message; the price page says that it does not. */
export const upstash = {
  messages: { usd: 1, per: 100_000, unit: 'QStash messages', included: 0, source: qstash },
} as const satisfies Record<string, Price>

export const cost = ({ usd, per }: Price, units: number): number => (units * usd) / per
