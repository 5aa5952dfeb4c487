/** The dashboard's page and its files, as the admin serves them under any prefix. */
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import { type AdminAuth, admin } from '../../src/admin/index.ts'
import { fakeChard } from './fake-chard.ts'

const token = 'correct-horse-battery'

function serve(prefix: string, auth: AdminAuth = { token: () => token }) {
  const app = new Hono().route(prefix, admin(fakeChard(), { auth }))
  return (path: string, init?: RequestInit) => app.request(`https://chard.test${path}`, init)
}

/** What a browser asks for after the page. */
async function linked(page: Response): Promise<string[]> {
  const text = await page.clone().text()
  return [...text.matchAll(/(?:href|src)="([^"]+)"/g)].map((match) => new URL(match[1] ?? '', at(page)).pathname)
}

const at = (response: Response) => response.headers.get('X-At') ?? 'https://chard.test/'

async function open(prefix: string, auth?: AdminAuth) {
  const send = serve(prefix, auth)
  const path = prefix === '/' ? '/' : prefix
  const page = await send(path)
  page.headers.set('X-At', `https://chard.test${path}`)
  return { send, page }
}

describe.each(['/', '/admin', '/deep/inside/control'])('mounted at %s', (prefix) => {
  test('the page finds its files by relative URLs, and browsers may keep them for ever', async () => {
    const { send, page } = await open(prefix)
    expect(page.status).toBe(200)
    expect(page.headers.get('Cache-Control')).toBe('no-store')
    const paths = await linked(page)
    expect(paths).toHaveLength(3)
    for (const path of paths) {
      expect(path.startsWith(prefix)).toBe(true)
      const file = await send(path)
      expect(file.status).toBe(200)
      expect(file.headers.get('Cache-Control')).toMatch(/immutable/)
      expect(file.headers.get('Content-Type')).toMatch(/^(text\/(css|javascript)|image\/svg)/)
    }
  })
})

test('an address with a slash at its end leads to the one without', async () => {
  const answer = await serve('/admin')('/admin/')
  expect(answer.status).toBe(301)
  expect(new URL(answer.headers.get('Location') ?? '').pathname).toBe('/admin')
})

test('a file that does not exist is guarded like every other path', async () => {
  expect((await serve('/admin')('/admin/page/dashboard-old.js')).status).toBe(401)
})

test('the page says how its reader is authenticated, and holds no other data', async () => {
  const session = async (auth: AdminAuth, headers: Record<string, string> = {}) =>
    /data-session="(\w+)"/.exec(await (await serve('/admin', auth)('/admin', { headers })).text())?.[1]
  expect(await session({ token: () => token })).toBe('none')
  expect(await session({ token: () => token }, { Authorization: `Bearer ${token}` })).toBe('bearer')
  expect(await session({ token: () => undefined, open: () => true })).toBe('open')
  expect(await session({ token: () => undefined })).toBe('closed')
})

test('the reason why the routes are closed is escaped, whatever the name of the secret', async () => {
  const send = serve('/admin', { token: () => undefined, secretName: '"><script>' })
  expect(await (await send('/admin')).text()).not.toContain('"><script>')
})

test('the page brings a policy without anything inline', async () => {
  const { page } = await open('/admin')
  expect(page.headers.get('Content-Security-Policy')).toContain("script-src 'self'; style-src 'self'")
  expect(page.headers.get('Content-Security-Policy')).not.toContain('unsafe')
  expect(await page.text()).not.toMatch(/<style|style=|<script(?! type="module" src=)/)
})

test('all of it is below 100 kB compressed', async () => {
  const { send, page } = await open('/admin')
  const files = [page, ...(await Promise.all((await linked(page)).map((path) => send(path))))]
  const sizes = await Promise.all(files.map(async (file) => (await compressed(file)).byteLength))
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(100_000)
})

function compressed(response: Response): Promise<ArrayBuffer> {
  const body = response.body as ReadableStream
  return new Response(body.pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
}
