import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { type AdminAuth, admin } from '../../src/admin/index.ts'
import { fakeChard } from './fake-chard.ts'

let log: MockInstance<typeof console.log>
beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

const token = 'correct-horse-battery'
const origin = 'https://chard.test'

function serve(auth: Partial<AdminAuth> = {}, prefix = '/deep/admin') {
  const app = new Hono().route(prefix, admin(fakeChard(), { auth: { token: () => token, ...auth } }))
  const send = (path: string, init: RequestInit = {}) => app.request(`${origin}${prefix}${path}`, init)
  const login = (given: unknown, headers: Record<string, string> = {}) =>
    send('/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(given),
    })
  return { send, login }
}

const auditLines = () => log.mock.calls.map(([line]) => JSON.parse(String(line)))

describe('login', () => {
  test('sets a cookie for this prefix that no script can read and no other site can send', async () => {
    const response = await serve().login({ token })
    expect(response.status).toBe(200)
    const [value, ...attributes] = (response.headers.get('Set-Cookie') ?? '').split('; ')
    expect(value).toMatch(/^chard-admin=\d{13}\./)
    expect(value).not.toContain(token)
    expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=43200', 'Path=/deep/admin', 'SameSite=Strict', 'Secure'])
    expect(auditLines()).toEqual([{ event: 'admin', action: 'login', outcome: 'done' }])
  })

  test('says when it ends, as does the session', async () => {
    const { send, login } = serve()
    const response = await login({ token })
    const session = await response.json()
    expect(session).toEqual({ by: 'cookie', expiresAt: expect.stringMatching(/Z$/) })
    const Cookie = response.headers.get('Set-Cookie')?.split(';')[0] ?? ''
    expect(await (await send('/api/session', { headers: { Cookie } })).json()).toEqual(session)
    const bearer = await send('/api/session', { headers: { Authorization: `Bearer ${token}` } })
    expect(await bearer.json()).toEqual({ by: 'bearer' })
  })

  test('with another token is refused, and leaves a line without it', async () => {
    const response = await serve().login({ token: 'wrong-wrong-wrong' })
    expect(response.status).toBe(401)
    expect(response.headers.has('Set-Cookie')).toBe(false)
    expect(auditLines()).toEqual([{ event: 'admin', action: 'login', outcome: 'refused' }])
  })

  test('is refused after too many tries, also with the right token', async () => {
    const response = await serve({ loginAllowed: async () => false }).login({ token })
    expect(response.status).toBe(429)
    expect(response.headers.get('Retry-After')).toBe('60')
    expect(response.headers.has('Set-Cookie')).toBe(false)
  })

  test.each<[because: string, given: unknown, headers: Record<string, string>, status: number]>([
    ['it has no token', {}, {}, 422],
    ['it has more than a token', { token, user: 'ann' }, {}, 422],
    ['it is not JSON', { token }, { 'Content-Type': 'text/plain' }, 415],
    ['it is a form, which any page can send', { token }, { 'Content-Type': 'application/x-www-form-urlencoded' }, 415],
    ['it comes from another origin', { token }, { Origin: 'https://evil.example' }, 403],
    ['it comes from another site', { token }, { 'Sec-Fetch-Site': 'cross-site' }, 403],
  ])('is refused, because %s', async (_, given, headers, status) => {
    const response = await serve().login(given, headers)
    expect(response.status).toBe(status)
    expect(response.headers.has('Set-Cookie')).toBe(false)
  })

  test('says what to set when there is no secret', async () => {
    const response = await serve({ token: () => undefined }).login({ token })
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('wrangler secret put ADMIN_TOKEN')
  })

  test('is not needed on the open machine, and says so', async () => {
    const { send, login } = serve({ token: () => undefined, open: () => true })
    expect(await (await login({ token: 'x' })).json()).toEqual({ by: 'open' })
    expect(await (await send('/api/session')).json()).toEqual({ by: 'open' })
  })
})

describe('logout', () => {
  test('removes the cookie', async () => {
    const response = await serve().send('/logout', { method: 'POST' })
    expect(response.status).toBe(204)
    expect(response.headers.get('Set-Cookie')).toMatch(/^chard-admin=; Max-Age=0; Path=\/deep\/admin;/)
  })

  test('is refused to a page of another origin', async () => {
    const response = await serve().send('/logout', { method: 'POST', headers: { Origin: 'https://evil.example' } })
    expect(response.status).toBe(403)
    expect(response.headers.has('Set-Cookie')).toBe(false)
  })
})
