/** The README, followed: the two commands, the request, the job, the picture, the letter. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { follow, mailTo, pngSize, type SignedUp } from './client.ts'
import { DevServer, temporaryFolder } from './dev-server.ts'

const MESSAGE = 'User creation initiated. Emails and image generation will proceed in the background.'

const stores = await Promise.all([temporaryFolder(), temporaryFolder()])
const [firstStore, secondStore] = stores
afterAll(async () => {
  for (const store of stores) await store[Symbol.asyncDispose]()
})

describe('under npm run dev', () => {
  let server: DevServer
  beforeAll(async () => {
    server = await DevServer.start('npm run dev', firstStore.path)
  })
  afterAll(() => server?.stop())

  it('answers the sign-up of the README at once, and completes its job', async () => {
    const answer = await server.fetch('/users/?user_id=123&email=test@example.com', { method: 'POST' })
    const { job, ...rest } = (await answer.json()) as SignedUp

    expect(answer.status).toBe(202)
    expect(rest).toEqual({ message: MESSAGE, user: { id: 123, url: '/users/123' } })
    expect(job).toEqual({ id: job.id, task: 'draw-avatar', state: 'queued', url: `/jobs/${job.id}` })
    expect(answer.headers.get('Location')).toBe(job.url)

    expect(await follow(server, job.url)).toMatchObject({ state: 'completed', attempt: 1, progress: { value: 1 } })
  })

  it.each([64, 256, 512])('serves the picture at %i px, and answers 304 for its ETag', async (size) => {
    const path = `/users/123/avatar.png?size=${size}`
    const answer = await server.fetch(path)
    const etag = answer.headers.get('ETag') ?? ''

    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([200, 'image/png'])
    expect(pngSize(await answer.arrayBuffer())).toEqual({ width: size, height: size })
    expect((await server.fetch(path, { headers: { 'If-None-Match': etag } })).status).toBe(304)
  })

  it('writes the welcome e-mail to files that the log names, as text and as HTML', async () => {
    const { text, html } = await mailTo(server, 'test@example.com')
    expect(text).toMatch(/welcome/i)
    expect(text).not.toMatch(/<\w+/)
    expect(html).toMatch(/<html|<!doctype/i)
    expect(html).toMatch(/welcome/i)
  })

  it('takes the JSON form, without a user id, and draws another picture for another user', async () => {
    const answer = await server.fetch('/users', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ email: 'json@example.com' }),
    })
    const { message, user, job } = (await answer.json()) as SignedUp
    expect([answer.status, message]).toEqual([202, MESSAGE])
    expect((await follow(server, job.url)).state).toBe('completed')

    const [other, own] = await Promise.all(
      [123, user.id].map(async (id) => (await server.fetch(`/users/${id}/avatar.png`)).bytes()),
    )
    expect(own).not.toEqual(other)
  })

  it('opens the admin routes to the developer', async () => {
    const answer = await server.fetch('/admin/api/jobs')
    expect(answer.status).toBe(200)
    expect(JSON.stringify(await answer.json())).toContain('draw-avatar')
  })

  it('passes npm run smoke', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['scripts/smoke.ts', server.url])
    expect(stdout).toMatch(/^\d+ passed, 0 failed$/m)
  })

  // It takes the request that is lost with a connection for its own end.
  it('starts again when the server ends by itself, and has the job that it had', async () => {
    const answer = await server.fetch('/users/?user_id=9&email=again@example.com', { method: 'POST' })
    const { job } = (await answer.json()) as SignedUp
    await follow(server, job.url)
    await server.crashRuntime()
    await fetch(`${server.url}/healthz`).catch(() => undefined)
    await expect.poll(() => server.log, { timeout: 60_000 }).toMatch(/starting it again[\s\S]*Ready on/)
    expect((await follow(server, job.url)).state).toBe('completed')
  })
})

describe('under bare wrangler dev, which runs the Worker as it is deployed', () => {
  let server: DevServer
  beforeAll(async () => {
    server = await DevServer.start('wrangler dev', secondStore.path)
  })
  afterAll(() => server?.stop())

  it('keeps the admin routes closed, and says what to set', async () => {
    const answer = await server.fetch('/admin/api/jobs')
    expect([answer.status, answer.headers.get('Content-Type')]).toEqual([403, 'application/problem+json'])
    expect(await answer.text()).toContain('ADMIN_TOKEN')
  })

  it('completes a sign-up, and logs that there is no sender for the e-mail', async () => {
    const answer = await server.fetch('/users/?user_id=7&email=logged@example.com', { method: 'POST' })
    const { job } = (await answer.json()) as SignedUp
    expect((await follow(server, job.url)).state).toBe('completed')
    await expect.poll(() => server.log, { timeout: 20_000 }).toMatch(/mail-not-sent/)
  })
})
