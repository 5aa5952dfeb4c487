/** How failures reach an endpoint and how traces are passed on: through real ledgers, a real queue and real runners. */
import { Webhook as Verifier } from 'standardwebhooks'
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { withTrace } from '../../src/engine/index.ts'
import { chard, double, failing, hook, parent, rejecting } from './worker/worker.ts'

const secret = `whsec_${btoa('0123456789abcdef0123456789abcdef')}`
const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 8_000, interval: 20 })

let endpoint: MockInstance<typeof fetch>
let log: MockInstance<typeof console.log>
beforeEach(() => {
  hook.current = { url: 'https://hooks.example/chard', secret }
  endpoint = vi.spyOn(globalThis, 'fetch').mockImplementation(async () => new Response(null, { status: 204 }))
  log = vi.spyOn(console, 'log').mockImplementation(() => {})
})
afterEach(() => {
  hook.current = undefined
  vi.restoreAllMocks()
})

/** The messages about a job that the endpoint has got, verified. */
async function received(id: string): Promise<Record<string, unknown>[]> {
  const sent = endpoint.mock.calls.map(([, init]) => ({
    headers: new Headers(init?.headers),
    body: String(init?.body),
  }))
  return sent
    .filter(({ body }) => body.includes(id))
    .map(
      ({ headers, body }) => new Verifier(secret).verify(body, Object.fromEntries(headers)) as Record<string, unknown>,
    )
}

describe('a job that fails for good', () => {
  test('is sent to the endpoint without its input and its error message', async () => {
    const job = await failing.enqueue({ times: 9, name: 'private-name' }, { trace })
    const [message] = await eventually(async () => {
      const messages = await received(job.id)
      expect(messages).toHaveLength(1)
      return messages
    })
    expect(message).toEqual({
      type: 'job.failed',
      timestamp: expect.any(String),
      data: {
        id: job.id,
        task: 'failing',
        state: 'failed',
        reason: 'exhausted',
        attempt: 3,
        maxAttempts: 3,
        createdAt: expect.any(String),
        error: { name: 'Error' },
        trace,
      },
    })
    expect(JSON.stringify(message)).not.toContain('private-name')
  })

  test('is sent again under the same id until the endpoint accepts it', async () => {
    endpoint.mockImplementationOnce(async () => new Response(null, { status: 503, headers: { 'Retry-After': '0' } }))
    const job = await rejecting.enqueue({})
    await eventually(async () => expect(await received(job.id)).toHaveLength(2))
    const ids = endpoint.mock.calls
      .filter(([, init]) => String(init?.body).includes(job.id))
      .map(([, init]) => new Headers(init?.headers).get('webhook-id'))
    expect(new Set(ids).size).toBe(1)
    await eventually(async () =>
      expect(await chard.jobs.get(ids[0] ?? '')).toMatchObject({ state: 'completed', attempt: 2 }),
    )
  })

  test('causes no message about its message when that message fails for good', async () => {
    endpoint.mockImplementation(async () => new Response(null, { status: 410 }))
    const job = await rejecting.enqueue({})
    await eventually(async () => expect(await received(job.id)).toHaveLength(1))
    const messages = await eventually(async () => {
      const { jobs } = await chard.jobs.list({ task: 'chard.webhook', state: 'failed' })
      expect(jobs.length).toBeGreaterThan(0)
      return jobs
    })
    expect(messages.map(({ reason }) => reason)).toContain('rejected')
    await scheduler.wait(300)
    expect(endpoint.mock.calls.filter(([, init]) => String(init?.body).includes('chard.webhook'))).toEqual([])
  })

  test('causes no message while no webhook is set', async () => {
    hook.current = undefined
    const before = (await chard.jobs.list({ task: 'chard.webhook', limit: 100 })).jobs.length
    await (await rejecting.enqueue({})).wait('5s').catch(() => {})
    expect((await chard.jobs.list({ task: 'chard.webhook', limit: 100 })).jobs).toHaveLength(before)
  })
})

describe('a trace', () => {
  test('is passed on from the call of enqueue to the job, its children and its lines in the log', async () => {
    const job = await withTrace(trace, () => parent.enqueue({ name: 'traced' }))
    await job.wait('5s').catch(() => {})
    expect(await job.get()).toMatchObject({ trace })
    const { jobs } = await chard.jobs.list({ task: 'double', limit: 100 })
    expect(jobs.filter((one) => one.trace === trace).length).toBeGreaterThan(0)
    const failed = await withTrace(trace, () => rejecting.enqueue({}))
    await failed.wait('5s').catch(() => {})
    const lines = log.mock.calls.map(([line]) => JSON.parse(String(line)) as Record<string, unknown>)
    const line = lines.find(({ event, job: id }) => event === 'attempt' && id === failed.id)
    expect(line).toEqual({
      event: 'attempt',
      job: failed.id,
      task: 'rejecting',
      attempt: 1,
      outcome: 'rejected',
      error: 'NonRetryableError',
      queuedMs: expect.any(Number),
      ranMs: expect.any(Number),
      trace,
    })
  })

  test('is made by withTrace when there is none, and is missing without withTrace', async () => {
    const made = await withTrace(undefined, () => double.enqueue({ n: 1 }))
    expect((await made.get()).trace).toMatch(/^[0-9a-f]{32}$/)
    expect(await (await double.enqueue({ n: 1 })).get()).not.toHaveProperty('trace')
  })
})
