import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { chard } from '../../../src/app/chard.ts'
import { request } from '../http.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('every answer', () => {
  test.each(['/', '/sign-up.js', '/healthz', '/users/7', '/nowhere', '/admin/api/jobs', '/jobs/none'])(
    'of %s carries the security headers',
    async (path) => {
      const { headers, body } = await request(path)
      await body?.cancel()
      const policy = headers.get('Content-Security-Policy') ?? ''
      expect(policy).toContain("default-src 'none'")
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
      expect(headers.get('X-Content-Type-Options')).toBe('nosniff')
      expect(headers.get('Referrer-Policy')).toBe('no-referrer')
      expect(headers.get('Strict-Transport-Security')).toBe('max-age=31536000')
    },
  )
})

describe('paths and methods', () => {
  test.each(['/nowhere', '/users/7/nothing', '/index.html', '/sign-up.js/', '/.env', '/jobs', '/%', '//'])(
    '%s is not there',
    async (path) => {
      const response = await request(path)
      expect(response.status).toBe(404)
      expect(response.headers.get('Content-Type')).toBe('application/problem+json')
      expect(await response.json()).toMatchObject({ code: 'not-found' })
    },
  )

  test.each([
    ['GET', '/users', 'POST'],
    ['PUT', '/users/', 'POST'],
    ['POST', '/users/7', 'GET, HEAD'],
    ['DELETE', '/users/7', 'GET, HEAD'],
    ['PATCH', '/users/7/avatar.png', 'GET, HEAD'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['DELETE', '/jobs/0-01ARZ3NDEKTSV4RRFFQ69G5FAV', 'GET, HEAD'],
    ['OPTIONS', '/users', 'POST'],
  ])('%s %s is refused, and Allow names %s', async (method, path, allow) => {
    const response = await request(path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('Allow')).toBe(allow)
    expect(await response.json()).toMatchObject({ code: 'method-not-allowed' })
  })
})

describe('GET /', () => {
  test('is a form with all of its files, none of them inline or from another origin', async () => {
    const response = await request('/')
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toContain('text/html')
    const html = await response.text()
    expect(html).toContain('<form id="sign-up"')
    expect(html).not.toMatch(/<style|style="|<script(?![^>]*src=)|\son\w+=|https?:/)
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path ?? '')
    expect(files).toContain('/sign-up.js')
    for (const path of [...files, '/job.js', '/states.js']) {
      const file = await request(path)
      expect([path, file.status]).toEqual([path, 200])
      expect(file.headers.get('Content-Type')).toMatch(/javascript|css|svg/)
      await file.text()
    }
  })

  test('every field has a label, and news are announced', async () => {
    const html = await (await request('/')).text()
    for (const [, id] of html.matchAll(/<input id="(\w+)"/g)) expect(html).toContain(`<label for="${id}">`)
    expect(html).toContain('role="status"')
    expect(html).toContain('role="alert"')
  })
})

describe('GET /healthz', () => {
  test('is ok when the stores answer', async () => {
    const response = await request('/healthz')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ status: 'ok' })
  })

  test.each<[name: string, fail: () => unknown]>([
    [
      'database',
      () =>
        vi.spyOn(env.DB, 'prepare').mockImplementation(() => {
          throw new Error('D1 is away')
        }),
    ],
    ['images', () => vi.spyOn(env.IMAGES, 'head').mockRejectedValue(new Error('R2 is away'))],
    ['jobs', () => vi.spyOn(chard.jobs, 'get').mockRejectedValue(new Error('the ledger is away'))],
  ])('is 503 and names the %s when that does not answer, without saying why', async (name, fail) => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    fail()
    const response = await request('/healthz')
    expect(response.status).toBe(503)
    const text = await response.text()
    expect(text).toContain(name)
    expect(text).not.toContain('away')
    expect(log).toHaveBeenCalledWith({ event: 'unhealthy', check: name, error: expect.stringContaining('away') })
  })
})

describe('GET /jobs/:id', () => {
  test('is refused after too many requests', async () => {
    vi.spyOn(env.STATUS_LIMIT, 'limit').mockResolvedValue({ success: false })
    for (const path of [
      '/jobs/0-01ARZ3NDEKTSV4RRFFQ69G5FAV',
      '/jobs/0-01ARZ3NDEKTSV4RRFFQ69G5FAV/events',
      '/users/7',
    ]) {
      const response = await request(path)
      expect(response.status).toBe(429)
      expect(response.headers.get('Retry-After')).toBe('10')
    }
  })
})

describe('/admin', () => {
  test('is closed while no token is set, and says what to do', async () => {
    const response = await request('/admin/api/jobs')
    expect(response.status).toBe(403)
    expect(await response.text()).toContain('wrangler secret put ADMIN_TOKEN')
  })
})
