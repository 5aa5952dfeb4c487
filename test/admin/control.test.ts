/** The routes that control a deployment: what reaches the engine, and what is answered. */
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { admin } from '../../src/admin/index.ts'
import { ChardError } from '../../src/engine/index.ts'
import { completedJob, fakeChard, jobRecord, type Script } from './fake-chard.ts'

let log: MockInstance<typeof console.log>
beforeEach(() => {
  log = vi.spyOn(console, 'log').mockImplementation(() => {})
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

const token = 'correct-horse-battery'
const { id } = jobRecord()

function serve(script: Script = { jobs: [jobRecord({ state: 'queued', attempt: 0 })] }) {
  const chard = fakeChard(script)
  const app = new Hono().route('/admin', admin(chard, { auth: { token: () => token } }))
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    app.request(`/admin/api${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  return { calls: chard.calls, send }
}

const jsonOf = (response: Response) => response.json<Record<string, unknown>>()
const auditLines = () => log.mock.calls.map(([line]) => JSON.parse(String(line)))

describe('requests', () => {
  test.each<[method: string, path: string, body: unknown, status: number, calls: string[]]>([
    ['POST', '/jobs', { task: 'draw-avatar', input: { userId: 1 } }, 202, ['enqueue {"userId":1} {}']],
    [
      'POST',
      '/jobs',
      { task: 'draw-avatar', input: { userId: 1 }, options: { delay: '5m', priority: 9, tags: ['a'] } },
      202,
      ['enqueue {"userId":1} {"delay":"5m","priority":9,"tags":["a"]}'],
    ],
    [
      'POST',
      '/jobs',
      { task: 'draw-avatar', input: { userId: 1 }, options: { at: '2030-01-01T01:00:00+01:00' } },
      202,
      ['enqueue {"userId":1} {"at":"2030-01-01T00:00:00.000Z"}'],
    ],
    ['PATCH', `/jobs/${id}`, { priority: 100 }, 200, [`update "${id}" {"priority":100}`]],
    ['PATCH', `/jobs/${id}`, { delay: 0 }, 200, [`update "${id}" {"delay":0}`]],
    ['GET', '/schedules', undefined, 200, ['schedules']],
    ['GET', '/schedules/nightly', undefined, 200, ['schedule "nightly"']],
    ['POST', '/schedules/nightly/pause', undefined, 200, ['pause-schedule "nightly"']],
    ['POST', '/schedules/nightly/resume', undefined, 200, ['resume-schedule "nightly"']],
    ['POST', '/schedules/nightly/trigger', undefined, 202, ['trigger "nightly"']],
    ['GET', '/tasks', undefined, 200, ['tasks']],
    ['GET', '/tasks/draw-avatar', undefined, 200, ['tasks']],
    ['POST', '/tasks/draw-avatar/pause', undefined, 200, ['pause "draw-avatar"']],
    ['POST', '/tasks/draw-avatar/resume', undefined, 200, ['resume "draw-avatar"']],
    ['POST', '/tasks/draw-avatar%2FonFailed/drain', undefined, 200, ['drain "draw-avatar/onFailed"']],
    ['PUT', '/tasks/draw-avatar/limits', { concurrency: 3 }, 200, ['setLimits "draw-avatar" {"concurrency":3}']],
    [
      'PUT',
      '/tasks/draw-avatar/limits',
      { perPartition: { rateLimit: { limit: 5, per: '1m' } } },
      200,
      ['setLimits "draw-avatar" {"perPartition":{"rateLimit":{"limit":5,"per":"1m"}}}'],
    ],
    ['DELETE', '/tasks/draw-avatar/limits', undefined, 200, ['setLimits "draw-avatar" ']],
    ['GET', '/charts', undefined, 200, ['charts hour']],
    ['GET', '/charts?span=day', undefined, 200, ['charts day']],
    ['GET', '/settings', undefined, 200, ['settings']],
    ['POST', '/settings/pause', undefined, 200, ['pause']],
    ['POST', '/settings/resume', undefined, 200, ['resume']],
    ['POST', '/settings/drain', undefined, 200, ['drain']],
    [
      'POST',
      '/bulk',
      { action: 'redrive', filter: { state: 'failed', key: 'k', createdAfter: '2026-11-22T12:00:00Z' } },
      202,
      ['redriveMany {"state":"failed","createdAfter":"2026-11-22T12:00:00.000Z","idempotencyKey":"k"} {}'],
    ],
    ['POST', '/bulk', { action: 'cancel', filter: {} }, 202, ['cancelMany {} {}']],
    ['GET', '/bulk/b1', undefined, 200, ['bulk "b1"']],
  ])('%s %s %j answers %i', async (method, path, body, status, calls) => {
    const app = serve()
    const response = await app.send(method, path, body)
    expect([response.status, app.calls]).toEqual([status, calls])
    expect(auditLines().length).toBe(method === 'GET' ? 0 : 1)
  })

  test('a filter by time reaches the engine', async () => {
    const { calls, send } = serve()
    await send('GET', '/jobs?createdAfter=2026-11-22T12:00:00Z&createdBefore=2026-11-23T00:00:00%2B01:00')
    expect(calls).toEqual([
      'list {"createdAfter":"2026-11-22T12:00:00.000Z","createdBefore":"2026-11-22T23:00:00.000Z"}',
    ])
  })
})

describe('POST /jobs', () => {
  const body = { task: 'draw-avatar', input: { userId: 123 } }

  test('answers with the job and its URL', async () => {
    const response = await serve({}).send('POST', '/jobs', body)
    expect(response.headers.get('Location')).toBe(`/admin/api/jobs/${id}`)
    expect(await jsonOf(response)).toMatchObject({ id, state: 'queued', input: { userId: 123 } })
    expect(auditLines()).toEqual([{ event: 'admin', action: 'create', task: 'draw-avatar', job: id, outcome: 'done' }])
  })

  test('with an Idempotency-Key answers with the same job again', async () => {
    const { calls, send } = serve({ jobs: [jobRecord({ idempotencyKey: 'k1' })] })
    const first = await send('POST', '/jobs', body, { 'Idempotency-Key': 'k2' })
    expect([first.status, first.headers.has('Idempotency-Replayed')]).toEqual([202, false])
    const again = await send('POST', '/jobs', body, { 'Idempotency-Key': 'k1' })
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([200, 'true'])
    expect(calls.map((call) => call.split(' ')[2])).toEqual(['{"idempotencyKey":"k2"}', '{"idempotencyKey":"k1"}'])
  })

  test.each<[because: string, body: unknown, headers: Record<string, string>, status: number, code: string]>([
    ['no such task is served', { task: 'nothing', input: {} }, {}, 404, 'unknown-task'],
    ['the input does not fit', { task: 'draw-avatar', input: {} }, {}, 422, 'invalid-input'],
    ['an option is not known', { ...body, options: { startNow: true } }, {}, 422, 'invalid-input'],
    ['a time is no time', { ...body, options: { at: '2030-02-30T00:00:00Z' } }, {}, 422, 'invalid-input'],
    ['a delay is no duration', { ...body, options: { delay: 'soon' } }, {}, 422, 'invalid-input'],
    ['the priority is out of bounds', { ...body, options: { priority: 1_001 } }, {}, 422, 'invalid-input'],
    ['the key has blanks', body, { 'Idempotency-Key': 'a b' }, 400, 'invalid-idempotency-key'],
    [
      'two keys differ',
      { ...body, options: { idempotencyKey: 'a' } },
      { 'Idempotency-Key': 'b' },
      422,
      'invalid-input',
    ],
    ['it is not JSON', '{', {}, 400, 'bad-request'],
    ['it is text', body, { 'Content-Type': 'text/plain' }, 415, 'unsupported-media-type'],
    ['it is too large', { ...body, input: 'x'.repeat(1024 * 1024) }, {}, 413, 'too-large'],
  ])('is refused, because %s', async (_, body, headers, status, code) => {
    const { calls, send } = serve()
    const response = await send('POST', '/jobs', body, headers)
    expect([response.status, (await jsonOf(response))['code']]).toEqual([status, code])
    expect(calls).toEqual([])
  })
})

describe('redrive with another input', () => {
  test.each<[body: unknown, call: string]>([
    [undefined, `redrive ${id}`],
    [{ input: { userId: 7 } }, `redrive ${id} {"input":{"userId":7}}`],
    [{ input: null }, `redrive ${id} {"input":null}`],
  ])('%j', async (body, call) => {
    const { calls, send } = serve({ jobs: [completedJob()] })
    expect((await send('POST', `/jobs/${id}/redrive`, body)).status).toBe(200)
    expect(calls).toEqual([call])
  })
})

test('a redrive with a body that holds no input is refused', async () => {
  const { calls, send } = serve({ jobs: [completedJob()] })
  expect((await send('POST', `/jobs/${id}/redrive`, {})).status).toBe(422)
  expect(calls).toEqual([])
})

describe('the idempotency of triggers and bulk actions', () => {
  test('the key of a trigger and of a bulk action reaches the engine', async () => {
    const { calls, send } = serve()
    const again = await send('POST', '/schedules/nightly/trigger', undefined, { 'Idempotency-Key': 'known' })
    expect([again.status, again.headers.get('Idempotency-Replayed')]).toEqual([200, 'true'])
    await send('POST', '/bulk', { action: 'cancel', filter: {} }, { 'Idempotency-Key': 'k' })
    expect(calls.at(-1)).toBe('cancelMany {} {"idempotencyKey":"k"}')
  })
})

describe('partial answers', () => {
  test.each(['/jobs', '/overview', '/charts', '/schedules', '/tasks', '/bulk/b1'])(
    'GET %s names the silent shards',
    async (path) => {
      const response = await serve({ missing: [2, 5] }).send('GET', path)
      expect(response.status).toBe(200)
      expect((await jsonOf(response))['missing']).toEqual([2, 5])
    },
  )
})

test('a schedule that the code no longer defines has no rule, and says why it is stopped', async () => {
  const { schedules } = await (await serve().send('GET', '/schedules')).json<{ schedules: unknown[] }>()
  expect(schedules[1]).toEqual({
    name: 'forgotten',
    task: 'gone',
    shard: 3,
    state: 'stopped',
    stopped: 'removed',
    next: [],
    history: [],
  })
})

describe('refusals', () => {
  test.each([
    ['GET', '/schedules/other', 404, 'unknown-schedule'],
    ['POST', '/schedules/other/trigger', 404, 'unknown-schedule'],
    ['GET', '/bulk/other', 404, 'unknown-bulk'],
    ['GET', '/tasks/other', 404, 'unknown-task'],
    ['GET', '/charts?span=week', 422, 'invalid-query'],
    ['GET', '/charts?spam=day', 422, 'invalid-query'],
    ['PATCH', '/jobs/3-NONE', 415, 'unsupported-media-type'],
  ])('%s %s is %i %s', async (method, path, status, code) => {
    const response = await serve().send(method, path, undefined, method === 'PATCH' ? { 'Content-Type': 'x/y' } : {})
    expect([response.status, (await jsonOf(response))['code']]).toEqual([status, code])
  })

  test('an update without changes says what it takes', async () => {
    const response = await serve().send('PATCH', `/jobs/${id}`, {})
    expect([response.status, (await jsonOf(response))['detail']]).toEqual([
      422,
      'The body: takes priority, at or delay.',
    ])
  })

  test('a draining task refuses new jobs with 503', async () => {
    const { send } = serve({ failsWith: new ChardError('draining', 'x') })
    const response = await send('POST', '/jobs', { task: 'draw-avatar', input: { userId: 1 } })
    expect([response.status, response.headers.get('Retry-After')]).toEqual([503, '60'])
    expect(auditLines()).toEqual([{ event: 'admin', action: 'create', task: 'draw-avatar', outcome: 'draining' }])
  })

  test('a URL that is too long is refused before anything reads it', async () => {
    expect((await serve().send('GET', `/jobs?tag=${'x'.repeat(8_200)}`)).status).toBe(414)
  })
})

describe('conditional reads', () => {
  test.each(['/jobs', `/jobs/${id}`, '/overview', '/tasks', '/schedules', '/settings', '/bulk/b1', '/session'])(
    'GET %s answers 304 while nothing has changed',
    async (path) => {
      const { send } = serve()
      const first = await send('GET', path)
      const etag = first.headers.get('ETag') ?? ''
      expect(etag).toMatch(/^"/)
      const again = await send('GET', path, undefined, { 'If-None-Match': etag })
      expect([again.status, again.headers.get('ETag'), await again.text()]).toEqual([304, etag, ''])
      const other = await send('GET', path, undefined, { 'If-None-Match': '"other"' })
      expect(other.status).toBe(200)
    },
  )
})

describe('what a task lets operators see', () => {
  const jobs = [jobRecord({ input: { userId: 123, email: 'ann@example.com' } })]
  type Visible = NonNullable<Script['visible']>

  test.each<[name: string, visible: Visible | undefined, list: object, single: object]>([
    ['nothing said', undefined, {}, { input: jobs[0]?.input }],
    ['redacted', 'redacted', { redacted: true }, { redacted: true }],
    [
      'a part of it',
      ({ userId }) => ({ userId }),
      { input: { userId: 123 }, redacted: true },
      { input: { userId: 123 }, redacted: true },
    ],
    [
      'a function that fails',
      () => {
        throw new Error('x')
      },
      { redacted: true },
      { redacted: true },
    ],
    ['what is not JSON', () => 1n, { redacted: true }, { redacted: true }],
  ])('%s', async (_, visible, list, single) => {
    const { send } = serve({ jobs, ...(visible && { visible }) })
    const only = ({ input, redacted }: Record<string, unknown>) => JSON.parse(JSON.stringify({ input, redacted }))
    const page = await (await send('GET', '/jobs')).json<{ jobs: Record<string, unknown>[] }>()
    expect(page.jobs.map(only)).toEqual([list])
    expect(only(await jsonOf(await send('GET', `/jobs/${id}`)))).toEqual(single)
  })

  test.each([
    ['gone', undefined, { redacted: true }],
    ['gone/onFailed', undefined, { redacted: true }],
    ['draw-avatar/onFailed', undefined, { input: { userId: 123 } }],
    ['draw-avatar/onFailed', 'redacted' as const, { redacted: true }],
  ])('a job of %s with %s', async (task, visible, expected) => {
    const { send } = serve({ jobs: [jobRecord({ task })], ...(visible && { visible }) })
    const { input, redacted } = await jsonOf(await send('GET', `/jobs/${id}`))
    expect(JSON.parse(JSON.stringify({ input, redacted }))).toEqual(expected)
  })
})
