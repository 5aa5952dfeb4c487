import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openUsers } from '../../../src/app/database/database.ts'
import { drawAvatar } from '../../../src/app/tasks/draw-avatar.ts'
import { sendWelcomeEmail } from '../../../src/app/tasks/send-welcome-email.ts'
import { ChardError, type Job } from '../../../src/engine/index.ts'
import { type Accepted, postJson, request } from '../http.ts'

const email = 'test@example.com'
const message = 'User creation initiated. Emails and image generation will proceed in the background.'

/** The engine is another room's matter: here it records a job a key, and can be made to fail. */
const enqueue = vi.spyOn(drawAvatar, 'enqueue')
const welcome = vi.spyOn(sendWelcomeEmail, 'background')
const jobs = new Map<string, Job>()

beforeEach(() => {
  env.MAIL_FROM = 'us@example.com'
  jobs.clear()
  welcome.mockReset().mockResolvedValue()
  enqueue.mockReset().mockImplementation(async (_, { idempotencyKey = '' } = {}) => {
    const known = jobs.get(idempotencyKey)
    const job = known ?? ({ id: `3-${jobs.size}`, task: 'draw-avatar', state: 'queued' } as Job)
    jobs.set(idempotencyKey, job)
    return { ...job, duplicate: known !== undefined } as Awaited<ReturnType<typeof drawAvatar.enqueue>>
  })
  return () => {
    env.MAIL_FROM = ''
  }
})
/** The note of the job is written after the response: a test is over when it is there. */
afterEach(() =>
  vi.waitFor(async () => expect(await users()).not.toContainEqual(expect.objectContaining({ image_job_id: null }))),
)

const users = async () => {
  await openUsers(env)
  return (await env.DB.prepare('SELECT id, email, image_job_id FROM users ORDER BY id').all()).results
}

describe('POST /users', () => {
  test.each<[form: string, send: () => Promise<Response>]>([
    ['JSON', () => postJson('/users', { userId: 123, email })],
    ['JSON with a slash', () => postJson('/users/', { userId: 123, email })],
    [
      'JSON of a stated charset',
      () => postJson('/users', { userId: 123, email }, { 'Content-Type': 'application/json; charset=utf-8' }),
    ],
    ['the query', () => request(`/users/?user_id=123&email=${email}`, { method: 'POST' })],
    ['the query without a slash', () => request(`/users?user_id=123&email=${email}`, { method: 'POST' })],
    [
      'the query beside an empty form',
      () =>
        request(`/users?user_id=123&email=${email}`, {
          method: 'POST',
          body: '',
          headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        }),
    ],
  ])('in %s makes the user, hands everything over, and answers 202 with the user and the job', async (_, send) => {
    const response = await send()
    expect(response.status).toBe(202)
    expect(response.headers.get('Location')).toBe('/jobs/3-0')
    expect(response.headers.get('Content-Type')).toContain('application/json')
    expect(await response.json()).toEqual({
      message,
      user: { id: 123, url: '/users/123' },
      job: { id: '3-0', task: 'draw-avatar', state: 'queued', url: '/jobs/3-0' },
    })
    expect(enqueue).toHaveBeenCalledExactlyOnceWith({ userId: 123 }, { idempotencyKey: 'avatar:123' })
    expect(welcome).toHaveBeenCalledExactlyOnceWith({ userId: 123 })
    await vi.waitFor(async () => expect(await users()).toEqual([{ id: 123, email, image_job_id: '3-0' }]))
  })

  test('without a userId draws one that a number holds exactly', async () => {
    const { user } = await (await postJson('/users', { email })).json<Accepted>()
    expect(Number.isSafeInteger(user.id)).toBe(true)
    expect(user.url).toBe(`/users/${user.id}`)
    expect(await users()).toMatchObject([{ id: user.id, email }])
  })

  test('a drawn id that is taken is drawn again', async () => {
    // The dice show the same twice, then roll again.
    const dice = vi.spyOn(crypto, 'getRandomValues')
    dice.mockImplementationOnce((array) => array).mockImplementationOnce((array) => array)
    await postJson('/users', { email: 'first@example.com' })
    expect((await postJson('/users', { email })).status).toBe(202)
    expect(await users()).toMatchObject([{ id: 2 ** 52 }, { email }])
    dice.mockRestore()
  })

  test('without a sender the welcome is a job from the start, which says so', async () => {
    env.MAIL_FROM = ''
    const record = vi.spyOn(sendWelcomeEmail, 'enqueue').mockResolvedValue({ id: '1-9' } as never)
    expect((await postJson('/users', { userId: 123, email })).status).toBe(202)
    expect(welcome).not.toHaveBeenCalled()
    expect(record).toHaveBeenCalledExactlyOnceWith({ userId: 123 }, { idempotencyKey: 'welcome:123' })
    record.mockRestore()
  })
})

describe('POST /users refuses', () => {
  const json = { 'Content-Type': 'application/json' }
  type Case = [status: number, code: string, init: RequestInit, path: string, says: RegExp]
  const body = (value: unknown): RequestInit => ({ headers: json, body: JSON.stringify(value) })
  test.each<Case>([
    [400, 'malformed-json', { headers: json, body: '{' }, '/users', /not JSON/],
    [400, 'malformed-json', { headers: json, body: '' }, '/users', /not JSON/],
    [400, 'malformed-json', { headers: json, body: new Uint8Array([0x22, 0xff, 0x22]) }, '/users', /UTF-8/],
    [415, 'unsupported-media-type', { body: 'email=test@example.com' }, '/users', /application\/json/],
    [
      415,
      'unsupported-media-type',
      { headers: { 'Content-Type': 'text/plain' }, body: '{}' },
      '/users',
      /application\/json/,
    ],
    [413, 'too-large', { headers: json, body: 'x'.repeat(16 * 1024 + 1) }, '/users', /16 KiB/],
    [413, 'too-large', { body: 'x'.repeat(100_000) }, '/users', /16 KiB/],
    [422, 'invalid-input', {}, '/users', /email is missing/],
    [422, 'invalid-input', {}, '/users?user_id=1', /email is missing/],
    [422, 'invalid-input', body({ userId: 1 }), '/users', /email is missing/],
    [422, 'invalid-input', body([]), '/users', /object/],
    [422, 'invalid-input', body({ userId: 0, email }), '/users', /userId takes a whole number/],
    [422, 'invalid-input', body({ userId: -1, email }), '/users', /userId takes a whole number/],
    [422, 'invalid-input', body({ userId: 1.5, email }), '/users', /userId takes a whole number/],
    [
      422,
      'invalid-input',
      { headers: json, body: `{"userId":9007199254740993,"email":"${email}"}` },
      '/users',
      /userId takes/,
    ],
    [422, 'invalid-input', { headers: json, body: `{"userId":1e400,"email":"${email}"}` }, '/users', /userId takes/],
    [422, 'invalid-input', body({ userId: '1', email }), '/users', /userId takes a whole number/],
    [422, 'invalid-input', body({ email: 'nobody' }), '/users', /has no @/],
    [422, 'invalid-input', body({ email: 'josé@example.com' }), '/users', /outside ASCII/],
    [422, 'invalid-input', body({ email: `${'a'.repeat(300)}@example.com` }), '/users', /254/],
    [422, 'invalid-input', body({ email, name: 'Ann' }), '/users', /not known: "name"/],
    [422, 'invalid-input', body({ email }), `/users?email=${email}`, /not in both/],
    [422, 'invalid-input', {}, `/users?user_id=1e3&email=${email}`, /user_id takes a whole number/],
    [422, 'invalid-input', {}, '/users?user_id=%00&email=%0A', /user_id takes/],
    [400, 'invalid-idempotency-key', { headers: { ...json, 'Idempotency-Key': '' } }, '/users', /1 to 255/],
    [
      400,
      'invalid-idempotency-key',
      { headers: { ...json, 'Idempotency-Key': 'x'.repeat(256) } },
      '/users',
      /1 to 255/,
    ],
    [400, 'invalid-idempotency-key', { headers: { ...json, 'Idempotency-Key': 'a b' } }, '/users', /visible/],
  ])('with %d %s: %o to %s, saying %s', async (status, code, init, path, says) => {
    const response = await request(path, { method: 'POST', ...init })
    expect(response.status).toBe(status)
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    const problem = await response.json<{ status: number; code: string; detail: string }>()
    expect(problem).toMatchObject({ status, code, detail: expect.stringMatching(says) })
    expect(enqueue).not.toHaveBeenCalled()
    expect(await users()).toEqual([])
  })

  test.each<[code: string, second: object, because: string]>([
    ['user-id-taken', { userId: 123, email: 'other@example.com' }, 'the id is taken'],
    ['user-id-taken', { userId: 123, email }, 'it is the same user'],
    ['email-taken', { userId: 124, email }, 'the address is taken'],
    ['email-taken', { email: 'TEST@Example.com' }, 'it is so in any case of its letters'],
  ])('with 409 %s a second user %j, because %s', async (code, second) => {
    await postJson('/users', { userId: 123, email })
    const response = await postJson('/users', second)
    expect(response.status).toBe(409)
    expect(await response.json()).toMatchObject({ code })
    expect(enqueue).toHaveBeenCalledOnce()
    expect(await users()).toHaveLength(1)
  })

  test('all but one of many with the same address at once', async () => {
    const responses = await Promise.all(Array.from({ length: 10 }, () => postJson('/users', { email })))
    expect(responses.map(({ status }) => status).sort()).toEqual([202, ...Array.from({ length: 9 }, () => 409)])
    expect(enqueue).toHaveBeenCalledOnce()
    expect(welcome).toHaveBeenCalledOnce()
  })

  test('an address with more than a hundred requests in ten seconds, and no other', async () => {
    const from = (address: string) => request('/users', { method: 'POST', headers: { 'CF-Connecting-IP': address } })
    // Periods start with the clock, so the requests may fall into two; then one of them has more than a hundred.
    const responses = await Promise.all(Array.from({ length: 201 }, () => from('192.0.2.1')))
    const refused = responses.filter(({ status }) => status === 429)
    expect(refused.length).toBeGreaterThanOrEqual(1)
    expect(refused.length).toBeLessThanOrEqual(101)
    expect(responses.length - refused.length).toBe(responses.filter(({ status }) => status === 422).length)
    expect(refused[0]?.headers.get('Retry-After')).toBe('10')
    expect(await refused[0]?.json()).toMatchObject({ code: 'rate-limited' })
    expect((await from('192.0.2.2')).status).toBe(422)
  })
})

describe('POST /users when the engine is away', () => {
  const away = new ChardError('unavailable', 'ledger 3 did not answer')

  test('answers 503 and removes the user, so that the same request works later', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    enqueue.mockRejectedValueOnce(away)
    const refused = await postJson('/users', { userId: 123, email })
    expect(refused.status).toBe(503)
    expect(refused.headers.get('Retry-After')).not.toBeNull()
    expect(await refused.json()).toMatchObject({ code: 'unavailable' })
    expect(await users()).toEqual([])
    expect(welcome).not.toHaveBeenCalled()

    expect((await postJson('/users', { userId: 123, email })).status).toBe(202)
    expect(await users()).toHaveLength(1)
  })

  test('an unexpected fault is a 500 without internals, and is logged without the address', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {})
    enqueue.mockRejectedValueOnce(new Error('the inside'))
    const response = await request(`/users?user_id=123&email=${email}`, { method: 'POST' })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('inside')
    const told = { event: 'request-failed', method: 'POST', route: '/users' }
    expect(log).toHaveBeenCalledWith({ ...told, trace: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(JSON.stringify(log.mock.calls)).not.toContain(email)
    expect(await users()).toEqual([])
  })

  test('a welcome that cannot be started does not change the answer', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    welcome.mockRejectedValueOnce(away)
    expect((await postJson('/users', { userId: 123, email })).status).toBe(202)
  })
})

describe('Idempotency-Key', () => {
  const key = { 'Idempotency-Key': '8e03978e-40d5-43dd-bc93-6894a57f9324' }

  test('the same request again gets the first answer, and does nothing again', async () => {
    const first = await postJson('/users', { email }, key)
    const body = await first.json()
    expect(first.headers.has('Idempotency-Replayed')).toBe(false)
    await vi.waitFor(async () => expect(await users()).toMatchObject([{ image_job_id: '3-0' }]))

    const second = await postJson('/users', { email }, key)
    expect(second.status).toBe(202)
    expect(await second.json()).toEqual(body)
    expect(second.headers.get('Location')).toBe(first.headers.get('Location'))
    expect(second.headers.get('Idempotency-Replayed')).toBe('true')
    expect(enqueue).toHaveBeenCalledOnce()
    expect(welcome).toHaveBeenCalledOnce()
  })

  test('the two forms of one request are the same request', async () => {
    await postJson('/users', { userId: 123, email }, key)
    const second = await request(`/users/?user_id=123&email=${email}`, { method: 'POST', headers: key })
    expect(second.status).toBe(202)
  })

  test('many requests at once with one key create one user and get one answer', async () => {
    const responses = await Promise.all(Array.from({ length: 8 }, () => postJson('/users', { email }, key)))
    const answers = await Promise.all(responses.map((response) => response.text()))
    expect(new Set(answers).size).toBe(1)
    expect(responses.every(({ status }) => status === 202)).toBe(true)
    expect(welcome).toHaveBeenCalledOnce()
    expect(await users()).toHaveLength(1)
  })

  test('when the first request died halfway, the second one finishes what it began', async () => {
    await postJson('/users', { userId: 123, email }, key)
    // As a crash between the two stores leaves it.
    await vi.waitFor(async () => expect(await users()).toMatchObject([{ image_job_id: '3-0' }]))
    await env.DB.exec('UPDATE users SET image_job_id = NULL')
    jobs.clear()
    const second = await postJson('/users', { userId: 123, email }, key)
    expect(await second.json()).toMatchObject({ user: { id: 123 }, job: { id: '3-0' } })
    expect(await users()).toMatchObject([{ image_job_id: '3-0' }])
  })

  test('when the first request removes its user at that time, the second one creates it', async () => {
    await postJson('/users', { userId: 123, email }, key)
    await vi.waitFor(async () => expect(await users()).toMatchObject([{ image_job_id: '3-0' }]))
    await env.DB.exec('UPDATE users SET image_job_id = NULL')
    enqueue.mockImplementationOnce(async () => {
      await env.DB.exec('DELETE FROM users')
      return { id: '3-0', state: 'queued', duplicate: true } as never
    })
    const second = await postJson('/users', { userId: 123, email }, key)
    expect(second.status).toBe(202)
    expect(await users()).toMatchObject([{ id: 123 }])
    expect(welcome).toHaveBeenCalledTimes(2)
  })

  test.each([
    ['another address', { userId: 123, email: 'other@example.com' }],
    ['another id', { userId: 124, email }],
    ['no id', { email }],
  ])('with %s it is refused, because it came with another request before', async (_, second) => {
    await postJson('/users', { userId: 123, email }, key)
    const response = await postJson('/users', second, key)
    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ code: 'idempotency-key-reused' })
    expect(await users()).toHaveLength(1)
  })

  test('a refused request leaves its key free', async () => {
    await postJson('/users', { userId: 123, email })
    expect((await postJson('/users', { userId: 123, email: 'other@example.com' }, key)).status).toBe(409)
    expect((await postJson('/users', { userId: 124, email: 'other@example.com' }, key)).status).toBe(202)
  })

  test('a request that the engine could not record leaves its key free', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => {})
    enqueue.mockRejectedValueOnce(new ChardError('unavailable', 'away'))
    expect((await postJson('/users', { email }, key)).status).toBe(503)
    expect((await postJson('/users', { email }, key)).status).toBe(202)
  })

  test('neither the key nor the request is stored in clear', async () => {
    await postJson('/users', { userId: 123, email }, key)
    const { results } = await env.DB.prepare('SELECT key_hash, request_hash FROM users').all()
    expect(results).toEqual([
      { key_hash: expect.stringMatching(/^[0-9a-f]{64}$/), request_hash: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ])
  })
})
