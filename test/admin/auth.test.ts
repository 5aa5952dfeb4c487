import { Hono } from 'hono'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type AdminAuth, adminOnly, isAdmin } from '../../src/admin/index.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const token = 'correct-horse-battery'
const withToken: AdminAuth = { token: () => token }

function send(auth: AdminAuth, init?: RequestInit) {
  const app = new Hono().use(adminOnly(auth)).all('/door', (c) => c.text('in'))
  return app.request('http://localhost:8787/door', init)
}

describe('adminOnly', () => {
  test.each<[credential: string | undefined, status: number, because: string]>([
    [`Bearer ${token}`, 200, 'it is the token'],
    [`bearer ${token}`, 200, 'schemes ignore case'],
    [`Bearer    ${token}  `, 200, 'more space is allowed'],
    [undefined, 401, 'there is none'],
    ['', 401, 'it is empty'],
    ['Bearer', 401, 'it has no token'],
    [token, 401, 'it has no scheme'],
    [`Basic ${token}`, 401, 'it is another scheme'],
    [`Bearer ${token}x`, 401, 'it is longer'],
    [`Bearer ${token.slice(0, -1)}`, 401, 'it is shorter'],
    [`Bearer ${token.toUpperCase()}`, 401, 'tokens do not ignore case'],
    [`Bearer ${token}, Bearer ${token}`, 401, 'it was sent twice'],
    [`Bearer undefined`, 401, 'that is no token'],
  ])('%j answers %i, because %s', async (credential, status) => {
    const headers: Record<string, string> = credential === undefined ? {} : { Authorization: credential }
    for (const method of ['GET', 'POST']) expect((await send(withToken, { method, headers })).status).toBe(status)
  })

  test('401 carries the challenge and repeats nothing that was sent', async () => {
    const none = await send(withToken)
    expect(none.headers.get('WWW-Authenticate')).toBe('Bearer realm="admin"')
    const wrong = await send(withToken, { headers: { Authorization: 'Bearer SECRET-of-someone' } })
    expect(wrong.headers.get('WWW-Authenticate')).toBe('Bearer realm="admin", error="invalid_token"')
    expect(await wrong.text()).not.toContain('SECRET')
  })

  test.each<[string, string | undefined, string]>([
    ['missing', undefined, 'is not set'],
    ['empty', '', 'is not set'],
    ['blank', '   ', 'is shorter than 16 characters'],
    ['short', 'fifteen-letters', 'is shorter than 16 characters'],
    ['short but for blanks', 'fifteen-letters\n', 'is shorter than 16 characters'],
  ])('a secret that is %s closes the door and says what to set', async (_, secret, why) => {
    for (const credential of ['', `Bearer ${secret}`, 'Bearer undefined']) {
      const response = await send({ token: () => secret }, { headers: { Authorization: credential } })
      expect(response.status).toBe(403)
      const { code, detail } = await response.json<{ code: string; detail: string }>()
      expect(code).toBe('admin-closed')
      expect(detail).toContain(`ADMIN_TOKEN ${why}`)
      expect(detail).toContain('wrangler secret put ADMIN_TOKEN')
    }
  })

  test('a secret that was piped in with a line break is the secret', async () => {
    const headers = { Authorization: `Bearer ${token}` }
    expect((await send({ token: () => `${token}\n` }, { headers })).status).toBe(200)
  })

  test('the message names the secret as the app does', async () => {
    const response = await send({ token: () => undefined, secretName: 'JOBS_TOKEN' })
    expect(await response.text()).toContain('wrangler secret put JOBS_TOKEN')
  })

  test('tokens are compared in constant time, over hashes of one length', async () => {
    const compare = vi.spyOn(crypto.subtle, 'timingSafeEqual')
    for (const given of [token, 'x', 'x'.repeat(5_000)]) {
      await send(withToken, { headers: { Authorization: `Bearer ${given}` } })
    }
    const lengths = compare.mock.calls.map((sides) => sides.map((side) => side.byteLength))
    expect(lengths).toEqual([
      [32, 32],
      [32, 32],
      [32, 32],
    ])
  })
})

describe('open', () => {
  const opened: AdminAuth = { token: () => undefined, open: () => true }
  const origin = 'http://localhost:8787'

  test.each<[method: string, headers: Record<string, string>, status: number, because: string]>([
    ['GET', {}, 200, 'it is open'],
    ['POST', {}, 200, 'a program sends no such header'],
    ['POST', { 'Sec-Fetch-Site': 'same-origin', Origin: origin }, 200, 'it is our page'],
    ['POST', { 'Sec-Fetch-Site': 'none' }, 200, 'the person typed it'],
    ['POST', { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }, 403, 'it is a foreign page'],
    ['POST', { 'Sec-Fetch-Site': 'same-site', Origin: 'http://localhost:3000' }, 403, 'it is another program here'],
    ['POST', { Origin: origin }, 200, 'it is our page in an old browser'],
    ['POST', { Origin: 'https://evil.example' }, 403, 'it is a foreign page in an old browser'],
    ['POST', { Origin: 'null' }, 403, 'a sandboxed page hides where it comes from'],
    ['DELETE', { 'Sec-Fetch-Site': 'cross-site' }, 403, 'it changes something'],
    ['GET', { 'Sec-Fetch-Site': 'cross-site' }, 200, 'links may lead here, and no foreign page reads the answer'],
  ])('%s with %j answers %i, because %s', async (method, headers, status) => {
    expect((await send(opened, { method, headers })).status).toBe(status)
  })

  test('is called at every request, and false means that the token counts', async () => {
    let local = true
    const auth = { ...withToken, open: () => local }
    expect((await send(auth)).status).toBe(200)
    local = false
    expect((await send(auth)).status).toBe(401)
  })
})

describe('isAdmin', () => {
  const request = (credential?: string) =>
    new Request('http://localhost/users/1', credential ? { headers: { Authorization: credential } } : {})

  test('is true for the token alone', async () => {
    expect(await isAdmin(request(`Bearer ${token}`), withToken)).toBe(true)
    expect(await isAdmin(request('Bearer wrong-wrong-wrong'), withToken)).toBe(false)
    expect(await isAdmin(request(), withToken)).toBe(false)
  })

  test('is false without a secret, and when only open lets the caller in', async () => {
    expect(await isAdmin(request('Bearer undefined'), { token: () => undefined })).toBe(false)
    expect(await isAdmin(request('Bearer short'), { token: () => 'short' })).toBe(false)
    expect(await isAdmin(request(), { ...withToken, open: () => true })).toBe(false)
  })
})
