/** Every route that the document knows, and some that it does not, × every credential. The page is open: page.test.ts. */
import { Hono } from 'hono'
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type AdminAuth, admin, describedApp } from '../../src/admin/index.ts'
import { fakeChard, jobRecord } from './fake-chard.ts'

const token = 'correct-horse-battery'
const origin = 'https://chard.test'
const { id } = jobRecord()

beforeEach(() => {
  vi.spyOn(console, 'log').mockImplementation(() => {})
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

function serve(auth: AdminAuth) {
  const chard = fakeChard({ jobs: [jobRecord()] })
  const app = new Hono().route('/admin', admin(chard, { auth }))
  return { calls: chard.calls, send: (path: string, init?: RequestInit) => app.request(`${origin}${path}`, init) }
}

const closing: AdminAuth = { token: () => token }

async function login(auth: AdminAuth = closing): Promise<string> {
  const response = await serve(auth).send('/admin/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ token: auth.token() }),
  })
  return response.headers.get('Set-Cookie')?.split(';')[0] ?? ''
}

interface Route {
  readonly method: string
  readonly path: string
}

const documented = (): Route[] => {
  const app = describedApp().route('/admin', admin(fakeChard(), { auth: closing }))
  const { paths = {} } = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } })
  return Object.entries(paths)
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })))
    .filter(({ path }) => !['/admin/login', '/admin/logout'].includes(path))
}

const routes: Route[] = [
  ...documented(),
  { method: 'POST', path: '/admin' },
  { method: 'GET', path: '/admin/api/nothing' },
  { method: 'GET', path: '/admin/login' },
  { method: 'HEAD', path: '/admin/api/jobs' },
  { method: 'OPTIONS', path: '/admin/api/jobs' },
  { method: 'PUT', path: '/admin/api/overview' },
]

function concrete(path: string): string {
  return path
    .replace('jobs/{id}', `jobs/${id}`)
    .replace('bulk/{id}', 'bulk/b1')
    .replace('tasks/{name}', 'tasks/draw-avatar')
    .replace('schedules/{name}', 'schedules/nightly')
}

const bodies: Readonly<Record<string, unknown>> = {
  'POST /admin/api/jobs': { task: 'draw-avatar', input: { userId: 1 } },
  'PATCH /admin/api/jobs/{id}': { priority: 5 },
  'POST /admin/api/bulk': { action: 'cancel', filter: {} },
  'PUT /admin/api/tasks/{name}/limits': { concurrency: 1 },
}

const reads = ['GET', 'HEAD']
type Expected = 'in' | number | { readonly read: 'in'; readonly change: number }
const changeRefused = { read: 'in', change: 403 } as const

interface Credential {
  readonly name: string
  readonly auth?: AdminAuth
  readonly headers: () => Record<string, string> | Promise<Record<string, string>>
  readonly expected: Expected
  readonly at?: number
}

let cookie = ''
let otherCookie = ''
beforeAll(async () => {
  vi.spyOn(console, 'log').mockImplementation(() => {})
  cookie = await login()
  otherCookie = await login({ token: () => 'another-token-altogether' })
})

const here = { Origin: origin, 'Sec-Fetch-Site': 'same-origin' }
const elsewhere = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }
const bearer = { Authorization: `Bearer ${token}` }
const noSecret: AdminAuth = { token: () => undefined }
const openHere: AdminAuth = { token: () => undefined, open: () => true }

const credentials: Credential[] = [
  { name: 'none', headers: () => ({}), expected: 401 },
  { name: 'a wrong token', headers: () => ({ Authorization: 'Bearer wrong-wrong-wrong' }), expected: 401 },
  { name: 'the token', headers: () => bearer, expected: 'in' },
  { name: 'the token, from a page elsewhere', headers: () => ({ ...bearer, ...elsewhere }), expected: 'in' },
  { name: 'a cookie', headers: () => ({ Cookie: cookie, ...here }), expected: 'in' },
  { name: 'a cookie and an Origin alone', headers: () => ({ Cookie: cookie, Origin: origin }), expected: 'in' },
  { name: 'a cookie from elsewhere', headers: () => ({ Cookie: cookie, ...elsewhere }), expected: changeRefused },
  { name: 'a cookie from a sandbox', headers: () => ({ Cookie: cookie, Origin: 'null' }), expected: changeRefused },
  { name: 'a cookie from no browser', headers: () => ({ Cookie: cookie }), expected: changeRefused },
  { name: 'an ended cookie', headers: () => ({ Cookie: cookie, ...here }), expected: 401, at: 12 * 3_600_000 + 1_000 },
  { name: 'a cookie of another token', headers: () => ({ Cookie: otherCookie, ...here }), expected: 401 },
  { name: 'the token as a cookie', headers: () => ({ Cookie: `chard-admin=${token}`, ...here }), expected: 401 },
  {
    name: 'a cookie with a later end',
    headers: () => ({ Cookie: cookie.replace(/=\d{13}/, '=9999999999999'), ...here }),
    expected: 401,
  },
  {
    name: 'a cookie without its signature',
    headers: () => ({ Cookie: cookie.replace(/\..*/, ''), ...here }),
    expected: 401,
  },
  {
    name: 'a cookie and a wrong token',
    headers: () => ({ Cookie: cookie, Authorization: 'Bearer no' }),
    expected: 401,
  },
  { name: 'the token, where no secret is set', auth: noSecret, headers: () => bearer, expected: 403 },
  { name: 'a cookie, where no secret is set', auth: noSecret, headers: () => ({ Cookie: cookie }), expected: 403 },
  { name: 'none, on the open machine', auth: openHere, headers: () => ({}), expected: 'in' },
  { name: 'a page elsewhere, on the open machine', auth: openHere, headers: () => elsewhere, expected: changeRefused },
]

test('the document, from which the routes below come, has those of every part of the API', () => {
  const parts = new Set(documented().map(({ path }) => path.split('/')[3] ?? path))
  const known = ['bulk', 'halt', 'jobs', 'overview', 'resume', 'schedules', 'session', 'settings', 'tasks']
  expect([...parts]).toEqual(expect.arrayContaining(['/admin/metrics', ...known]))
})

describe.each(credentials)('$name', ({ auth = closing, headers, expected, at }) => {
  const { calls, send } = serve(auth)

  test.each(routes)('$method $path', async ({ method, path }) => {
    calls.length = 0
    if (at !== undefined) vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + at })
    const body = bodies[`${method} ${path}`]
    const response = await send(concrete(path), {
      method,
      headers: { ...(await headers()), ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const means = typeof expected === 'object' ? (reads.includes(method) ? expected.read : expected.change) : expected
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull()
    if (!response.ok) expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    if (means === 'in') {
      expect([401, 403]).not.toContain(response.status)
      expect(response.status).toBeLessThan(500)
    } else {
      expect(response.status).toBe(means)
      expect(calls).toEqual([])
    }
  })
})
