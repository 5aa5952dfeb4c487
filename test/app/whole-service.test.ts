/** The whole service through the real engine and the local queue: nothing is replaced but the mail carrier. */
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { chard } from '../../src/app/chard.ts'
import { openUsers } from '../../src/app/database/database.ts'
import worker from '../../src/index.ts'
import { type Accepted, postJson, request } from './http.ts'
import { dismissCarrier, hireCarrier, refusal } from './mail/carrier.ts'

const patience = { timeout: 15_000, interval: 50 }
const settled = (id: string) =>
  vi.waitFor(async () => expect((await chard.jobs.get(id)).state).toBe('completed'), patience)

let carrier: ReturnType<typeof hireCarrier>
beforeEach(() => {
  carrier = hireCarrier()
  env.MAIL_FROM = 'us@example.com'
})
afterEach(() => {
  env.MAIL_FROM = ''
  dismissCarrier()
  vi.restoreAllMocks()
})

describe('a sign-up', () => {
  test('is answered at once; then the e-mail goes out and the picture is there', async () => {
    const response = await postJson('/users', { email: 'ann@example.com' })
    expect(response.status).toBe(202)
    const { user, job } = await response.json<Accepted>()
    expect(job.state).toBe('queued')

    const view = await vi.waitFor(async () => {
      const answer = await request(job.url, { headers: { Prefer: 'wait=5' } })
      const view = await answer.json<Record<string, unknown>>()
      expect(view['state']).toBe('completed')
      return view
    }, patience)
    expect(view).toMatchObject({ id: job.id, task: 'draw-avatar', attempt: 1, output: { sizes: [64, 256, 512] } })
    expect(JSON.stringify(view)).not.toContain('ann@')

    const image = await request(`${user.url}/avatar.png?size=64`)
    expect(image.status).toBe(200)
    expect(new DataView(await image.arrayBuffer()).getUint32(0)).toBe(0x89504e47)

    await vi.waitFor(
      async () => expect((await (await openUsers(env)).get(user.id))?.welcomedAt).not.toBeNull(),
      patience,
    )
    expect(carrier).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ to: 'ann@example.com' }))
    expect(await (await openUsers(env)).owedSince(Date.now(), 10)).toEqual([])
  })

  test('with a traceparent leads to jobs of that trace; without one to jobs of a new one', async () => {
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    const headers = { traceparent: `00-${trace}-00f067aa0ba902b7-01` }
    const traced = await (await postJson('/users', { email: 'tess@example.com' }, headers)).json<Accepted>()
    expect((await chard.jobs.get(traced.job.id)).trace).toBe(trace)
    const other = await (await postJson('/users', { email: 'tom@example.com' })).json<Accepted>()
    expect((await chard.jobs.get(other.job.id)).trace).toMatch(/^(?!4bf92f35)[0-9a-f]{32}$/)
    for (const { job } of [traced, other]) await settled(job.id)
  })

  test('whose e-mail fails becomes a job that tries again, and the watchdog sends nothing', async () => {
    carrier.mockRejectedValue(refusal('E_RECIPIENT_SUPPRESSED'))
    const { user, job } = await (await postJson('/users', { email: 'bob@example.com' })).json<Accepted>()
    const failed = await vi.waitFor(async () => {
      const { jobs } = await chard.jobs.list({ task: 'send-welcome-email' })
      expect(jobs).toMatchObject([{ state: 'failed', reason: 'rejected', input: { userId: user.id } }])
      return jobs[0]
    }, patience)
    expect(failed?.error?.message).toContain('E_RECIPIENT_SUPPRESSED')
    await settled(job.id)
    await vi.waitFor(async () => expect(await (await openUsers(env)).owedSince(Date.now(), 10)).toEqual([]), patience)
  })

  test('without a sender has a job that says so', async () => {
    env.MAIL_FROM = ''
    vi.spyOn(console, 'log').mockImplementation(() => {})
    const { job } = await (await postJson('/users', { email: 'eve@example.com' })).json<Accepted>()
    await vi.waitFor(async () => {
      const { jobs } = await chard.jobs.list({ task: 'send-welcome-email' })
      expect(jobs).toMatchObject([{ state: 'completed', output: { sent: false, reason: 'MAIL_FROM is not set' } }])
    }, patience)
    await settled(job.id)
  })
})

describe('the cron', () => {
  test('completes a user whom a crash left between the two stores', async () => {
    const users = await openUsers(env)
    await users.create({ id: 9, email: 'a@b.c', emailKey: 'a@b.c', keyHash: null, requestHash: null, createdAt: 1 })
    await worker.scheduled()
    const { imageJobId } = (await users.get(9)) ?? {}
    await settled(imageJobId ?? '')
    await vi.waitFor(async () => expect((await users.get(9))?.welcomedAt).not.toBeNull(), patience)
    expect(carrier).toHaveBeenCalledOnce()
    expect((await request('/users/9/avatar.png').then((image) => image.arrayBuffer())).byteLength).toBeGreaterThan(
      1_000,
    )
  })

  test('a watchdog that fails is reported, and does not stop the other', async () => {
    vi.spyOn(env.DB, 'prepare').mockImplementation(() => {
      throw new Error('D1 is away')
    })
    await expect(worker.scheduled()).rejects.toThrow('a watchdog failed')
  })
})
