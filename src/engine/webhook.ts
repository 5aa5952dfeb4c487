/**
 * The webhook: tells an endpoint of every job that has failed for good, by Standard Webhooks
 * (https://www.standardwebhooks.com). Each message is a job of its own, recorded in the transaction in which the other job
 * fails, so that it is not lost and is retried like any job. It names the job and never holds its input.
 */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { defineTask, type Tiers } from './task/define-task.ts'
import { ChardError } from './task/errors.ts'
import { NonRetryableError, RetryAfterError } from './task/handler-outcomes.ts'
import type { JobError, JobRecord } from './task/job.ts'
import { webhookTask } from './task/names.ts'
import type { Platform } from './task/platform.ts'
import type { RunContext, Task } from './task/task.ts'
import type { TaskOptions } from './task/task-options.ts'

/** The endpoint that is told of failed jobs, and the secret that messages are signed with. */
export interface Webhook {
  /** An https URL, or an http URL in development. */
  readonly url: string
  /** `whsec_` and 24 to 64 bytes in base64. */
  readonly secret: string
}

/** A webhook, or a function that finds it when it is needed, as in the Worker's bindings. Undefined: no endpoint is told. */
export type WebhookOption = Webhook | (() => Webhook | undefined)

/** The message about a failed job, as it is recorded and sent. */
export interface FailedMessage {
  readonly type: 'job.failed'
  /** When the job failed, in ISO 8601. */
  readonly timestamp: string
  readonly data: Pick<JobRecord, 'id' | 'task' | 'state' | 'reason' | 'attempt' | 'maxAttempts' | 'trace'> & {
    /** The last error, without its message, which may hold personal data. */
    readonly error: Pick<JobError, 'name' | 'code'>
    readonly createdAt: string
  }
}

/** The time that an endpoint has to answer. */
const answerMs = 15_000
/** The longest wait that an endpoint may ask for. */
const retryAfterMsMax = 24 * 60 * 60_000
/** The waits between attempts: three days in all, as Standard Webhooks suggests. */
const waits = ['5s', '5m', '30m', '2h', '5h', '10h', '14h', '20h', '24h'] as const

/** What sending a message needs. Ports, so that a test can take the place of the network. */
export interface WebhookPorts {
  readonly webhook: () => Webhook | undefined
  readonly now: () => number
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
}

/** A function that finds the webhook; undefined without one. @throws ChardError `invalid-option` for a wrong one in the code */
export function webhookOf(option: WebhookOption | undefined): (() => Webhook | undefined) | undefined {
  if (option === undefined || typeof option === 'function') return option
  const fault = faultOf(option)
  if (fault !== undefined) throw new ChardError('invalid-option', fault)
  return () => option
}

/** Whether a webhook is set now. A function of the app that throws must not keep a ledger from recording a failed job. */
export function isWebhookSet(webhook: (() => Webhook | undefined) | undefined): boolean {
  try {
    return webhook?.() !== undefined
  } catch {
    return false
  }
}

/** The task whose jobs are messages, as the engine serves it. */
export function defineWebhookTask(
  webhook: WebhookPorts['webhook'],
  platform: Pick<Platform, 'now'>,
  tiers: Tiers,
): Task<unknown, unknown> {
  const ports = { webhook, now: () => platform.now(), fetch: (url: string, init: RequestInit) => fetch(url, init) }
  // The engine makes its input, so there is nothing to check.
  const input = { '~standard': { version: 1, vendor: 'chard', validate: (value: unknown) => ({ value }) } } as const
  return defineTask({ ...webhookOptions(ports), input } as TaskOptions<StandardSchemaV1, unknown>, tiers)
}

/** The options of the task whose jobs are messages. */
export function webhookOptions(ports: WebhookPorts): Omit<TaskOptions<never, unknown>, 'input'> {
  return {
    name: webhookTask,
    timeout: '20s',
    retry: { maxAttempts: waits.length + 1, backoff: waits, maxDelay: '24h', jitter: 'none' },
    run: (message: FailedMessage, context) => send(ports, message, context),
  }
}

async function send(
  { webhook, now, fetch }: WebhookPorts,
  message: FailedMessage,
  { job, signal }: RunContext,
): Promise<{ status: number }> {
  const target = webhook()
  if (!target) throw new NonRetryableError('no webhook is set any more')
  const fault = faultOf(target)
  if (fault !== undefined) throw new NonRetryableError(fault)
  const body = JSON.stringify(message)
  const seconds = Math.floor(now() / 1_000)
  const response = await fetch(target.url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'webhook-id': job.id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': await signature(target.secret, `${job.id}.${seconds}.${body}`),
    },
    body,
    // A redirect is not followed: the message must not go where nobody meant it to. The attempt fails and says so.
    redirect: 'manual',
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
  })
  await response.body?.cancel()
  if (response.ok) return { status: response.status }
  const answered = `the endpoint answered ${response.status}`
  if (response.status === 410) throw new NonRetryableError(`${answered}: it wants no more messages`)
  const waitMs = retryAfterMs(response.headers.get('Retry-After'), now())
  throw waitMs === undefined ? new Error(answered) : new RetryAfterError(waitMs, answered)
}

/** `v1,` and the HMAC-SHA256 of the text, in base64. */
async function signature(secret: string, signed: string): Promise<string> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytesOf(secret), algorithm, false, ['sign'])
  const mac = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(signed))
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(mac)))}`
}

/** What is wrong with a webhook, in words that do not hold its secret. */
function faultOf({ url, secret }: Webhook): string | undefined {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (!['https:', 'http:'].includes(protocol)) return 'webhook.url is no URL; it takes one with https'
  const bytes = typeof secret === 'string' && secret.startsWith('whsec_') ? lengthOf(secret) : 0
  return bytes >= 24 && bytes <= 64
    ? undefined
    : 'webhook.secret is not one; it takes whsec_ and 24 to 64 bytes in base64'
}

function lengthOf(secret: string): number {
  try {
    return bytesOf(secret).length
  } catch {
    return 0
  }
}

function bytesOf(secret: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(secret.slice('whsec_'.length)), (char) => char.charCodeAt(0))
}

/** The wait that a `Retry-After` of seconds or of a date asks for. */
function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - now
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), retryAfterMsMax) : undefined
}
