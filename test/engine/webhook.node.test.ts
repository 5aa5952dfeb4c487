/** A message of the webhook: Standard Webhooks' own library verifies it, and it is sent again as the endpoint answers. */
import { Webhook as Verifier } from 'standardwebhooks'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { durationMs } from '../../src/engine/task/duration.ts'
import { NonRetryableError, RetryAfterError } from '../../src/engine/task/handler-outcomes.ts'
import { retryPolicy } from '../../src/engine/task/retry.ts'
import type { RunContext } from '../../src/engine/task/task.ts'
import { type Webhook, type WebhookOption, webhookOf, webhookOptions } from '../../src/engine/webhook.ts'

const secret = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`
const url = 'https://hooks.example/chard'
const now = 1_795_000_000_000
const id = '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC'
const message = {
  type: 'job.failed',
  timestamp: new Date(now).toISOString(),
  data: { id: '3-01FAILED', task: 'send', state: 'failed', reason: 'exhausted', error: { name: 'Error' } },
}

/** Sends one message to an endpoint with this answer, and returns what the endpoint got. */
async function sent(answer: Response | Error, target: Webhook | undefined = { url, secret }) {
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => {
    if (answer instanceof Error) throw answer
    return answer
  })
  const { run } = webhookOptions({ webhook: () => target, now: () => now, fetch })
  const context = { job: { id }, signal: new AbortController().signal } as unknown as RunContext
  const result = await Promise.resolve(run(message as never, context)).catch((error: unknown) => error)
  const [call] = fetch.mock.calls
  return {
    result,
    url: call?.[0],
    init: call?.[1],
    headers: new Headers(call?.[1].headers),
    body: String(call?.[1].body),
  }
}

afterEach(() => {
  vi.useRealTimers()
})

describe('a message', () => {
  test('is verified by the library of Standard Webhooks, which refuses another body, id, time or secret', async () => {
    vi.useFakeTimers({ now, toFake: ['Date'] })
    const { headers, body, init, url: to } = await sent(new Response(null, { status: 204 }))
    expect([to, init?.method, init?.redirect]).toEqual([url, 'POST', 'manual'])
    expect(headers.get('webhook-id')).toBe(id)
    const given = Object.fromEntries(headers)
    expect(new Verifier(secret).verify(body, given)).toEqual(message)
    const refused = [
      () => new Verifier(secret).verify(`${body} `, given),
      () => new Verifier(secret).verify(body, { ...given, 'webhook-id': 'other' }),
      () => new Verifier(secret).verify(body, { ...given, 'webhook-timestamp': String(now / 1_000 - 1) }),
      () => new Verifier(`whsec_${btoa('another secret, as long as it')}`).verify(body, given),
    ]
    for (const verify of refused) expect(verify).toThrow()
  })

  test.each([200, 201, 204])('is delivered when the endpoint answers %i', async (status) => {
    expect((await sent(new Response(null, { status }))).result).toEqual({ status })
  })

  test.each([301, 302, 400, 401, 404, 429, 500, 503])('is sent again when the endpoint answers %i', async (status) => {
    const { result } = await sent(new Response(null, { status }))
    expect(result).toMatchObject({ message: `the endpoint answered ${status}` })
    expect(result).not.toBeInstanceOf(NonRetryableError)
  })

  test('is sent again when there is no answer', async () => {
    expect((await sent(new TypeError('connection lost'))).result).toMatchObject({ message: 'connection lost' })
  })

  test('is given up when the endpoint is gone', async () => {
    expect((await sent(new Response(null, { status: 410 }))).result).toBeInstanceOf(NonRetryableError)
  })

  test.each<[header: string, waitMs: number]>([
    ['120', 120_000],
    ['0', 0],
    [new Date(now + 60_000).toUTCString(), 60_000],
    [new Date(now - 60_000).toUTCString(), 0],
    ['99999999', 86_400_000],
  ])('is sent again after the time that the endpoint asks for, Retry-After: %s', async (header, waitMs) => {
    const { result } = await sent(new Response(null, { status: 503, headers: { 'Retry-After': header } }))
    expect(result).toBeInstanceOf(RetryAfterError)
    expect((result as RetryAfterError).when).toBe(waitMs)
  })

  test('is sent again after the usual delay when Retry-After cannot be read', async () => {
    const { result } = await sent(new Response(null, { status: 503, headers: { 'Retry-After': 'soon' } }))
    expect(result).not.toBeInstanceOf(RetryAfterError)
  })

  test('is sent again for days, at growing intervals', () => {
    const { retry } = webhookOptions({ webhook: () => undefined, now: () => now, fetch: async () => new Response() })
    const { backoff, maxAttempts, maxDelayMs } = retryPolicy(retry)
    const waits = backoff as readonly number[]
    expect(waits).toHaveLength(maxAttempts - 1)
    expect(waits.toSorted((a, b) => a - b)).toEqual(waits)
    expect(Math.max(...waits)).toBeLessThanOrEqual(maxDelayMs)
    expect(waits.reduce((a, b) => a + b, 0)).toBeGreaterThan(durationMs('2d', 'x'))
  })
})

describe('a webhook that is not set or not valid', () => {
  test('gets no message and no second attempt, and its secret appears in no error', async () => {
    const targets = [undefined, { url: 'nowhere', secret }, { url, secret: 'topsecret' }, { url, secret: 'whsec_%%%' }]
    for (const target of targets) {
      const { result, init } = await sentTo(target)
      expect(result).toBeInstanceOf(NonRetryableError)
      expect(init).toBeUndefined()
      expect(String(result)).not.toMatch(/topsecret|%%%/)
    }
  })

  test.each<[because: string, option: unknown]>([
    ['it has no URL', { url: '', secret }],
    ['its scheme is not http or https', { url: 'ftp://x/', secret }],
    ['its secret is too short', { url, secret: `whsec_${btoa('short')}` }],
    ['its secret has no prefix', { url, secret: btoa('0123456789abcdef0123456789abcdef') }],
    ['it has no secret', { url }],
  ])('is refused as an option, because %s', (_, option) => {
    expect(() => webhookOf(option as WebhookOption)).toThrow(/^webhook\.(url|secret) is no/)
  })
})

/** `sent` takes undefined for its default. */
async function sentTo(target: Webhook | undefined) {
  if (target) return sent(new Response(), target)
  const fetch = vi.fn()
  const { run } = webhookOptions({ webhook: () => undefined, now: () => now, fetch })
  const context = { job: { id }, signal: new AbortController().signal } as unknown as RunContext
  const result = await Promise.resolve(run(message as never, context)).catch((error: unknown) => error)
  return { result, init: fetch.mock.calls[0]?.[1] }
}
