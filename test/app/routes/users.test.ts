import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openUsers } from '../../../src/app/database/database.ts'
import { drawAvatar } from '../../../src/app/tasks/draw-avatar.ts'
import { request } from '../http.ts'
import { run } from '../tasks/run.ts'

const secrets = env as { ADMIN_TOKEN?: string }
const email = 'ann@example.com'

beforeEach(async () => {
  const users = await openUsers(env)
  await users.create({ id: 7, email, emailKey: email, keyHash: null, requestHash: null, createdAt: 1_000 })
})
afterEach(() => {
  delete secrets.ADMIN_TOKEN
})

describe('GET /users/:id', () => {
  const everybody = {
    id: 7,
    url: '/users/7',
    avatar: { state: 'pending', url: '/users/7/avatar.png', sizes: [64, 256, 512] },
  }

  test('tells everybody that the user exists, and nothing else', async () => {
    const response = await request('/users/7')
    expect(response.status).toBe(200)
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.json()).toEqual(everybody)
  })

  test('tells an admin the address, and when the user was created and welcomed', async () => {
    secrets.ADMIN_TOKEN = 'a token that is long enough'
    const response = await request('/users/7', { headers: { Authorization: `Bearer ${secrets.ADMIN_TOKEN}` } })
    expect(await response.json()).toEqual({
      ...everybody,
      email,
      createdAt: '1970-01-01T00:00:01.000Z',
      welcomedAt: null,
    })
  })

  test.each([
    ['another token', 'a token that is long enough', 'Bearer a token that is long enough?'],
    ['a token where none is set', undefined, 'Bearer undefined'],
    ['an empty token', undefined, 'Bearer '],
  ])('with %s tells no more than everybody may know', async (_, token, Authorization) => {
    if (token) secrets.ADMIN_TOKEN = token
    expect(await (await request('/users/7', { headers: { Authorization } })).json()).toEqual(everybody)
  })

  test('the avatar is pending until all its sizes are there, then ready', async () => {
    await run(drawAvatar, { userId: 7 })
    await env.IMAGES.delete('avatars/7/512.png')
    expect(await (await request('/users/7')).json()).toMatchObject({ avatar: { state: 'pending' } })
    await run(drawAvatar, { userId: 7 })
    expect(await (await request('/users/7')).json()).toMatchObject({ avatar: { state: 'ready' } })
  })

  test('it is failed once its job has failed for good, unless a picture is there after all', async () => {
    await (await openUsers(env)).imageFailed(7, 2_000)
    expect(await (await request('/users/7')).json()).toMatchObject({ avatar: { state: 'failed' } })
    await run(drawAvatar, { userId: 7 })
    expect(await (await request('/users/7')).json()).toMatchObject({ avatar: { state: 'ready' } })
  })

  test.each(['8', '0', '-1', '7.0', '1e3', 'abc', '%00', '9007199254740993', "7'%20OR%201=1"])(
    'answers 404 for %s, which does not exist',
    async (id) => {
      const response = await request(`/users/${id}`)
      expect(response.status).toBe(404)
      expect(await response.json()).toMatchObject({ code: 'unknown-user' })
    },
  )
})

describe('GET /users/:id/avatar.png', () => {
  test.each([
    ['', 256],
    ['?size=64', 64],
    ['?size=256', 256],
    ['?size=512', 512],
  ])('with %j is a PNG of %d px, to be cached', async (query, size) => {
    await run(drawAvatar, { userId: 7 })
    const response = await request(`/users/7/avatar.png${query}`)
    expect(response.status).toBe(200)
    expect(response.headers.get('Content-Type')).toBe('image/png')
    expect(response.headers.get('Cache-Control')).toBe('public, max-age=86400')
    const bytes = await response.arrayBuffer()
    expect(response.headers.get('Content-Length')).toBe(String(bytes.byteLength))
    expect(new DataView(bytes).getUint32(16)).toBe(size)
  })

  test('may be shown by pages of other origins', async () => {
    await run(drawAvatar, { userId: 7 })
    const response = await request('/users/7/avatar.png')
    expect(response.headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin')
    await response.body?.cancel()
  })

  test.each<[tags: (etag: string) => string, status: number, because: string]>([
    [(etag) => etag, 304, 'the reader has it'],
    [(etag) => `W/${etag}`, 304, 'tags are compared weakly'],
    [(etag) => `"other", ${etag}`, 304, 'it is one of those that the reader has'],
    [() => '*', 304, 'the reader has any'],
    [() => '"other"', 200, 'the reader has another'],
  ])('with If-None-Match %o answers %d, because %s', async (tags, status) => {
    await run(drawAvatar, { userId: 7 })
    const first = await request('/users/7/avatar.png')
    await first.arrayBuffer()
    const etag = first.headers.get('ETag') ?? ''
    expect(etag).toMatch(/^"[0-9a-f]+"$/)
    const response = await request('/users/7/avatar.png', { headers: { 'If-None-Match': tags(etag) } })
    expect(response.status).toBe(status)
    expect(response.headers.get('ETag')).toBe(etag)
    expect((await response.arrayBuffer()).byteLength > 0).toBe(status === 200)
  })

  test('HEAD answers the same without the picture', async () => {
    await run(drawAvatar, { userId: 7 })
    const response = await request('/users/7/avatar.png', { method: 'HEAD' })
    expect(response.status).toBe(200)
    expect(response.headers.get('ETag')).not.toBeNull()
    expect((await response.arrayBuffer()).byteLength).toBe(0)
  })

  test('answers 404 until it is drawn, and says when to try again', async () => {
    const response = await request('/users/7/avatar.png')
    expect(response.status).toBe(404)
    expect(response.headers.get('Retry-After')).toBe('2')
    expect(response.headers.get('Cache-Control')).toBe('no-store')
    expect(await response.json()).toMatchObject({ code: 'image-not-ready' })
  })

  test('answers 404 once drawing has failed for good, without a time to try again', async () => {
    await (await openUsers(env)).imageFailed(7, 2_000)
    const response = await request('/users/7/avatar.png')
    expect(response.headers.has('Retry-After')).toBe(false)
    expect(await response.json()).toMatchObject({ code: 'image-failed' })
  })

  test.each(['8', '0', 'abc'])('answers 404 for %s, which does not exist', async (id) => {
    const response = await request(`/users/${id}/avatar.png`)
    expect(response.status).toBe(404)
    expect(response.headers.has('Retry-After')).toBe(false)
    expect(await response.json()).toMatchObject({ code: 'unknown-user' })
  })

  test.each(['0', '100', '-64', '64.0', 'large', ''])('refuses the size %j', async (size) => {
    const response = await request(`/users/7/avatar.png?size=${size}`)
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ code: 'invalid-input', errors: [{ path: 'size' }] })
  })
})
