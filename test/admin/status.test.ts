import { Hono } from 'hono'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { jobStatus } from '../../src/admin/index.ts'
import { ChardError, type JobRecord } from '../../src/engine/index.ts'
import { completedJob, fakeChard, jobRecord, type Script } from './fake-chard.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const { id } = jobRecord()

function serve(script: Script = { jobs: [jobRecord()] }) {
  const chard = fakeChard(script)
  const app = new Hono().route('/v1/jobs', jobStatus(chard))
  return { chard, get: (path = `/${id}`, init?: RequestInit) => app.request(`/v1/jobs${path}`, init) }
}

describe('GET /:id', () => {
  test('is the job with times in ISO 8601 and its own URL', async () => {
    const response = await serve({ jobs: [completedJob({ progress: { value: 1, message: 'stored' } })] }).get()
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('application/json')
    expect(response.headers.get('Cache-Control')).toBe('private, no-cache')
    expect(await response.json()).toEqual({
      id,
      task: 'draw-avatar',
      state: 'completed',
      attempt: 1,
      maxAttempts: 5,
      progress: { value: 1, message: 'stored' },
      createdAt: '2026-11-22T12:00:00.000Z',
      startedAt: '2026-11-22T12:00:01.000Z',
      finishedAt: '2026-11-22T12:00:02.000Z',
      output: { key: 'avatars/123' },
      url: `/v1/jobs/${id}`,
    })
  })

  test('shows nothing that may hold personal data or internals', async () => {
    const secret = 'SECRET'
    const error = { name: secret, message: secret, stack: secret, code: secret }
    const at = Date.now()
    const job = jobRecord({
      state: 'failed',
      reason: 'exhausted',
      tags: [secret],
      idempotencyKey: secret,
      input: { email: secret },
      error,
      history: [{ attempt: 1, startedAt: at, endedAt: at, outcome: 'failed', error, log: [{ at, message: secret }] }],
      // Fields of a later engine, or of a handler that reports more than the types say.
      ...({ internal: secret } as object),
      progress: { value: 0.5, internal: secret } as JobRecord['progress'] & object,
    })
    for (const path of [`/${id}`, `/${id}/events`]) {
      const text = await (await serve({ jobs: [job] }).get(path)).text()
      expect(text).toContain('"error":{"message":"It did not succeed in any of its attempts."}')
      expect(text).not.toContain(secret)
    }
  })

  test.each([
    ['not-an-id', 404, 'invalid-id'],
    ['1-UNKNOWN', 404, 'unknown-job'],
    ['9-OLD', 410, 'gone'],
    ['%2e%2e%2fadmin', 404, 'invalid-id'],
    ['a%0d%0ab', 404, 'invalid-id'],
    ['%ff', 404, 'invalid-id'],
    ['x'.repeat(8_000), 404, 'invalid-id'],
  ])('%s answers %i %s', async (path, status, code) => {
    for (const suffix of ['', '/events']) {
      const response = await serve().get(`/${path}${suffix}`)
      expect(response.status).toBe(status)
      expect(response.headers.get('Content-Type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ code })
    }
  })

  test('an engine that does not answer is 503 with Retry-After', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await serve({ failsWith: new ChardError('unavailable', 'shard 3') }).get()
    expect(response.status).toBe(503)
    expect(response.headers.get('Retry-After')).toBe('2')
    expect(await response.text()).not.toContain('shard 3')
  })

  test('HEAD answers the same headers and no body', async () => {
    const { get } = serve()
    const [head, full] = [await get(undefined, { method: 'HEAD' }), await get()]
    expect(head.status).toBe(200)
    expect(await head.text()).toBe('')
    expect(Object.fromEntries(head.headers)).toEqual(Object.fromEntries(full.headers))
  })

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s is 405 and says what is allowed', async (method) => {
    for (const path of [`/${id}`, `/${id}/events`]) {
      const { get, chard } = serve()
      const response = await get(path, { method })
      expect(response.status).toBe(405)
      expect(response.headers.get('Allow')).toBe('GET, HEAD')
      expect(await response.json()).toMatchObject({ code: 'method-not-allowed' })
      expect(chard.calls).toEqual([])
    }
  })

  test('paths that are not its own are left to the app around', async () => {
    expect(await (await serve().get(`/${id}/else/where`)).text()).toBe('404 Not Found')
  })
})

describe('ETag', () => {
  const tagOf = async (job: JobRecord) => (await serve({ jobs: [job] }).get()).headers.get('ETag') ?? ''

  test('is strong, the same for the same job, and another after any visible change', async () => {
    const tag = await tagOf(jobRecord())
    expect(tag).toMatch(/^"[0-9a-f]{32}"$/)
    expect(await tagOf(jobRecord())).toBe(tag)
    expect(await tagOf(jobRecord({ progress: { value: 0.5 } }))).not.toBe(tag)
    // What nobody sees changes nothing.
    expect(await tagOf(jobRecord({ tags: ['x'] }))).toBe(tag)
  })

  test.each([
    ['the tag', (tag: string) => tag],
    ['the tag as a proxy weakened it', (tag: string) => `W/${tag}`],
    ['the tag in a list', (tag: string) => `"other", ${tag}`],
    ['anything at all', () => '*'],
  ])('304 without a body for %s', async (_, header) => {
    const { get } = serve()
    const tag = await tagOf(jobRecord())
    const response = await get(undefined, { headers: { 'If-None-Match': header(tag), Prefer: 'wait=1' } })
    expect(response.status).toBe(304)
    expect(await response.text()).toBe('')
    expect(Object.fromEntries(response.headers)).toEqual({
      etag: tag,
      'cache-control': 'private, no-cache',
      'preference-applied': 'wait=1',
      'retry-after': '1',
    })
  })

  test('another tag, or a malformed one, gets the job', async () => {
    for (const header of ['"other"', 'x', '']) {
      expect((await serve().get(undefined, { headers: { 'If-None-Match': header } })).status).toBe(200)
    }
  })
})

describe('Prefer: wait', () => {
  test('waits through the engine and says so', async () => {
    const { get, chard } = serve()
    const response = await get(undefined, { headers: { Prefer: 'wait=10' } })
    expect(response.headers.get('Preference-Applied')).toBe('wait=10')
    expect(chard.calls).toEqual([`wait ${id} 10000`])
  })

  test('is bounded, and the answer names the bound', async () => {
    const { get, chard } = serve()
    const response = await get(undefined, { headers: { Prefer: 'wait=86400' } })
    expect(response.headers.get('Preference-Applied')).toBe('wait=30')
    expect(chard.calls).toEqual([`wait ${id} 30000`])
  })

  test('repeated headers count as one list, whose first wait counts', async () => {
    const { get, chard } = serve()
    const headers = new Headers({ Prefer: 'respond-async' })
    headers.append('Prefer', 'wait=2')
    headers.append('Prefer', 'wait=20')
    await get(undefined, { headers })
    expect(chard.calls).toEqual([`wait ${id} 2000`])
  })

  test('a malformed preference is ignored', async () => {
    const { get, chard } = serve()
    const response = await get(undefined, { headers: { Prefer: 'wait=soon' } })
    expect(response.status).toBe(200)
    expect(response.headers.get('Preference-Applied')).toBeNull()
    expect(chard.calls).toEqual([`get ${id}`])
  })
})

describe('Retry-After', () => {
  const now = Date.parse('2026-11-22T12:00:00.000Z')
  test.each<[Partial<JobRecord>, string | null]>([
    [{ state: 'queued' }, '1'],
    [{ state: 'running' }, '1'],
    [{ state: 'retrying', dueAt: now + 7_400 }, '8'],
    [{ state: 'retrying', dueAt: now - 5_000 }, '1'],
    [{ state: 'scheduled', dueAt: now + 86_400_000 }, '60'],
    [{ state: 'completed' }, null],
    [{ state: 'cancelled' }, null],
  ])('%o is asked for again after %s s', async (fields, seconds) => {
    vi.spyOn(Date, 'now').mockReturnValue(now)
    expect((await serve({ jobs: [jobRecord(fields)] }).get()).headers.get('Retry-After')).toBe(seconds)
  })
})
