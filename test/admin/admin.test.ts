import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { type AdminAuth, admin } from '../../src/admin/index.ts'
import { ChardError, jobStates } from '../../src/engine/index.ts'
import { completedJob, fakeChard, jobRecord, type Script } from './fake-chard.ts'
import { countsOf } from './fake-control.ts'

let log: MockInstance<typeof console.log>
beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {})
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

const { id } = jobRecord()
const token = 'correct-horse-battery'
const asAdmin = { headers: { Authorization: `Bearer ${token}` } }

function serve(script: Script = { jobs: [jobRecord()] }, auth: AdminAuth = { token: () => token }) {
  const chard = fakeChard(script)
  const app = new Hono().route('/deep/admin', admin(chard, { auth }))
  const send = (path: string, init: RequestInit = {}) => app.request(`/deep/admin${path}`, { ...asAdmin, ...init })
  return { chard, send, post: (path: string) => send(path, { method: 'POST' }) }
}

const jsonOf = (response: Response) => response.json<Record<string, unknown>>()
const auditLines = () => log.mock.calls.map(([line]) => JSON.parse(String(line)))

describe('every route × every credential', () => {
  const routes: [method: string, path: string, asAdminStatus: number][] = [
    ['GET', '/api/jobs', 200],
    ['GET', `/api/jobs/${id}`, 200],
    ['HEAD', `/api/jobs/${id}`, 200],
    ['POST', `/api/jobs/${id}/cancel`, 200],
    ['POST', `/api/jobs/${id}/redrive`, 409],
    ['GET', '/api/overview', 200],
    ['POST', '/api/halt', 200],
    ['POST', '/api/resume', 200],
    ['GET', '/api/halt', 405],
    ['GET', '/api/nothing', 404],
    ['DELETE', `/api/jobs/${id}`, 405],
    ['GET', `/api/jobs/${id}/cancel`, 405],
    ['OPTIONS', '/api/overview', 405],
  ]
  const credentials: [name: string, auth: AdminAuth, headers: Record<string, string>, status: number | 'admin'][] = [
    ['the token', { token: () => token }, asAdmin.headers, 'admin'],
    ['a wrong token', { token: () => token }, { Authorization: 'Bearer wrong-wrong-wrong' }, 401],
    ['no token', { token: () => token }, {}, 401],
    ['a cookie', { token: () => token }, { Cookie: `token=${token}` }, 401],
    ['a token where no secret is set', { token: () => undefined }, asAdmin.headers, 403],
    ['nothing where no secret is set', { token: () => undefined }, {}, 403],
    ['nothing, on the open local machine', { token: () => undefined, open: () => true }, {}, 'admin'],
  ]
  const table = routes.flatMap((route) => credentials.map((credential) => [...route, ...credential] as const))

  test.each(table)('%s %s (%i for admins) with %s', async (method, path, status, _, auth, headers, expected) => {
    const { chard, send } = serve(undefined, auth)
    const response = await send(path, { method, headers })
    expect(response.status).toBe(expected === 'admin' ? status : expected)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull()
    if (!response.ok) expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    if (expected !== 'admin') {
      expect(chard.calls).toEqual([])
      expect(auditLines()).toEqual([])
    }
  })

  test.each([
    ['/api/jobs', 'GET, HEAD, POST'],
    [`/api/jobs/${id}`, 'GET, HEAD, PATCH'],
    [`/api/jobs/${id}/cancel`, 'POST'],
    [`/api/jobs/${id}/redrive`, 'POST'],
    ['/api/overview', 'GET, HEAD'],
  ])('PUT %s says that %s is allowed', async (path, allow) => {
    expect((await serve().send(path, { method: 'PUT' })).headers.get('Allow')).toBe(allow)
  })

  test('an app around it keeps its own paths', async () => {
    const app = new Hono().route('/admin', admin(fakeChard(), { auth: { token: () => token } }))
    app.get('/administrators', (c) => c.text('mine'))
    expect(await (await app.request('/administrators')).text()).toBe('mine')
  })
})

describe('GET /api/jobs', () => {
  const at = Date.parse('2026-11-22T12:00:00Z')
  const iso = '2026-11-22T12:00:00.000Z'
  const error = { name: 'Error', message: 'no mail to ann@example.com', stack: 'at x', code: 'E_MAIL' }
  const entry = { attempt: 1, startedAt: at, endedAt: at + 1, outcome: 'failed' as const, error }
  const failed = jobRecord({
    state: 'failed',
    reason: 'exhausted',
    finishedAt: at,
    tags: ['vip'],
    idempotencyKey: 'avatar:123',
    error,
    history: [{ ...entry, log: [{ at, message: 'started' }] }],
  })
  const summary = {
    id,
    task: 'draw-avatar',
    state: 'failed',
    reason: 'exhausted',
    attempt: 1,
    maxAttempts: 5,
    priority: 0,
    tags: ['vip'],
    idempotencyKey: 'avatar:123',
    createdAt: iso,
    startedAt: '2026-11-22T12:00:01.000Z',
    finishedAt: iso,
  }

  test('is a page with a cursor and with no input, output, message or log', async () => {
    const response = await serve({ jobs: [failed], cursor: 'next' }).send('/api/jobs')
    expect(await response.json()).toEqual({
      jobs: [{ ...summary, error: { name: 'Error', code: 'E_MAIL' } }],
      cursor: 'next',
      missing: [],
    })
  })

  test('a single job is everything recorded', async () => {
    const response = await serve({ jobs: [failed] }).send(`/api/jobs/${id}`)
    expect(await response.json()).toEqual({
      ...summary,
      input: { userId: 123 },
      error,
      history: [
        { ...entry, startedAt: iso, endedAt: '2026-11-22T12:00:00.001Z', log: [{ at: iso, message: 'started' }] },
      ],
    })
  })

  test('names the shards that did not answer', async () => {
    expect(await (await serve({ missing: [3, 5] }).send('/api/jobs')).json()).toEqual({ jobs: [], missing: [3, 5] })
  })

  test('hands every filter to the engine', async () => {
    const { chard, send } = serve()
    await send('/api/jobs?state=failed&task=draw-avatar&tag=a%26b&key=avatar%3A1&limit=100&cursor=abc')
    expect(chard.calls).toEqual([
      `list ${JSON.stringify({
        state: 'failed',
        task: 'draw-avatar',
        tag: 'a&b',
        limit: 100,
        cursor: 'abc',
        idempotencyKey: 'avatar:1',
      })}`,
    ])
  })

  test.each<[query: string, path: string, message: string]>([
    ['state=done', 'state', `is "done"; it takes one of ${jobStates.join(', ')}`],
    ['state=', 'state', 'is ""; it takes one of'],
    ['task=', 'task', 'is ""; it takes 1 to 110 characters'],
    [`tag=${'x'.repeat(129)}`, 'tag', 'it takes 1 to 128 characters'],
    [`key=${'x'.repeat(513)}`, 'key', 'it takes 1 to 512 characters'],
    ['limit=0', 'limit', 'is "0"; it takes a whole number from 1 to 100'],
    ['limit=101', 'limit', 'is "101"'],
    ['limit=-1', 'limit', 'is "-1"'],
    ['limit=1.5', 'limit', 'is "1.5"'],
    ['limit=1e2', 'limit', 'is "1e2"'],
    ['limit=ten', 'limit', 'is "ten"'],
    ['stat=failed', 'stat', 'is not known here; the parameters are state, task, tag, key, createdAfter, createdBefore'],
    ['__proto__=1', '__proto__', 'is not known here'],
    ['state=failed&state=queued', 'state', 'is given more than once'],
  ])('%s is 422', async (query, path, message) => {
    const { chard, send } = serve()
    const response = await send(`/api/jobs?${query}`)
    expect(response.status).toBe(422)
    const body = await response.json<{ code: string; detail: string; errors: { path: string; message: string }[] }>()
    expect(body.code).toBe('invalid-query')
    expect(body.errors).toEqual([{ path, message: expect.stringContaining(message) }])
    expect(body.detail).toContain(message)
    expect(chard.calls).toEqual([])
  })

  test('a cursor that the engine refuses is 422', async () => {
    const refused = new ChardError('invalid-option', 'cursor is "x"; it takes what list returned')
    const response = await serve({ failsWith: refused }).send('/api/jobs?cursor=x')
    expect(response.status).toBe(422)
    expect(await jsonOf(response)).toMatchObject({ code: 'invalid-option', detail: refused.message })
  })
})

describe('GET /api/overview', () => {
  test('counts jobs by state, describes each shard, and names those that did not answer', async () => {
    const { send } = serve({ jobs: [jobRecord(), completedJob()], missing: [2] })
    expect(await jsonOf(await send('/api/overview'))).toEqual({
      states: countsOf({ running: 1, completed: 1 }),
      shards: [
        {
          shard: 1,
          states: countsOf({ queued: 1 }),
          oldestReadyAt: '2026-11-22T12:00:00.000Z',
          runners: 0,
          wakeUps: { unanswered: 1, resent: 4 },
          alarmAt: '2026-11-22T12:00:08.000Z',
          settings: 0,
          bytes: 4_096,
        },
      ],
      missing: [2],
    })
  })
})

describe('the kill switch', () => {
  test('is switched on and off for every ledger, names those that did not answer, and leaves a line', async () => {
    const { chard, post } = serve({ missing: [2] })
    expect(await jsonOf(await post('/api/halt'))).toEqual({ missing: [2] })
    expect(await jsonOf(await post('/api/resume'))).toEqual({ missing: [2] })
    expect(chard.calls).toEqual(['halt true', 'halt false'])
    expect(auditLines()).toEqual([
      { event: 'admin', action: 'halt', outcome: 'done' },
      { event: 'admin', action: 'resume', outcome: 'done' },
    ])
  })
})

describe('cancel and redrive', () => {
  test('answer with the job after the change', async () => {
    const cancelled = await serve().post(`/api/jobs/${id}/cancel`)
    expect(await jsonOf(cancelled)).toMatchObject({ id, state: 'cancelled', input: { userId: 123 } })
    const redriven = await serve({ jobs: [completedJob()] }).post(`/api/jobs/${id}/redrive`)
    expect(await jsonOf(redriven)).toMatchObject({ id, state: 'queued', attempt: 0 })
  })

  test.each<[action: string, jobId: string, script: Script, status: number, outcome: string]>([
    ['cancel', id, {}, 200, 'done'],
    ['cancel', id, { jobs: [completedJob()] }, 409, 'wrong-state'],
    ['cancel', '1-NONE', {}, 404, 'unknown-job'],
    ['cancel', '9-OLD', {}, 410, 'gone'],
    ['cancel', 'x', {}, 404, 'invalid-id'],
    ['cancel', id, { failsWith: new ChardError('unavailable', 'x') }, 503, 'unavailable'],
    ['cancel', id, { failsWith: new Error('SECRET') }, 500, 'error'],
    ['redrive', id, { jobs: [completedJob()] }, 200, 'done'],
    ['redrive', id, {}, 409, 'wrong-state'],
  ])('%s %s %# leaves one audit line', async (action, jobId, script, status, outcome) => {
    const response = await serve({ jobs: [jobRecord()], ...script }).post(`/api/jobs/${jobId}/${action}`)
    expect(response.status).toBe(status)
    expect(auditLines()).toEqual([{ event: 'admin', action, job: jobId, outcome }])
  })

  test('an audit line is one short line, whatever the id is', async () => {
    await serve().post(`/api/jobs/${encodeURIComponent(`a\n{"event":"admin"}${'x'.repeat(4_000)}`)}/cancel`)
    const [[line] = []] = log.mock.calls
    expect(String(line)).not.toContain('\n')
    expect(String(line).length).toBeLessThan(200)
  })

  test('reading leaves no audit line', async () => {
    const { send } = serve()
    for (const path of ['/api/jobs', `/api/jobs/${id}`, '/api/overview']) await send(path)
    expect(auditLines()).toEqual([])
  })

  test('on the open local machine, a page of another origin changes nothing', async () => {
    const { chard, send } = serve(undefined, { token: () => undefined, open: () => true })
    const headers = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }
    const response = await send(`/api/jobs/${id}/cancel`, { method: 'POST', headers })
    expect(response.status).toBe(403)
    expect(await jsonOf(response)).toMatchObject({ code: 'cross-site' })
    expect(chard.calls).toEqual([])
  })
})
