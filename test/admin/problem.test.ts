import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from 'vitest'
import { type ProblemDetails, problem, problemOf } from '../../src/admin/index.ts'
import { ChardError, type ChardErrorCode } from '../../src/engine/index.ts'

const secret = 'SECRET-from-the-inside'
let log: MockInstance
beforeEach(() => {
  log = vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

describe('problem', () => {
  test('is RFC 9457 JSON with a stable code, and is never cached', async () => {
    const response = problem(409, 'duplicate-user', 'The address is taken.', { headers: { 'Retry-After': '7' } })
    expect(response.status).toBe(409)
    expect(Object.fromEntries(response.headers)).toEqual({
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'retry-after': '7',
    })
    expect(await response.json()).toEqual({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      code: 'duplicate-user',
      detail: 'The address is taken.',
    })
  })

  test('carries findings', async () => {
    const errors = [{ path: 'email', message: 'has no @' }]
    expect(await problem(422, 'invalid-input', 'No.', { errors }).json()).toMatchObject({ errors })
  })
})

describe('problemOf', () => {
  // The type makes this total: a new code of the engine does not compile until it stands here.
  const statuses: Record<ChardErrorCode, number> = {
    'invalid-option': 422,
    'invalid-input': 422,
    'too-large': 413,
    'too-long': 500,
    'unknown-task': 404,
    'unknown-job': 404,
    gone: 410,
    'invalid-id': 404,
    'key-conflict': 409,
    'wrong-state': 409,
    draining: 503,
    'unknown-schedule': 404,
    'unknown-bulk': 404,
    'home-shards-mismatch': 500,
    'missing-binding': 500,
    'wait-timeout': 504,
    'job-failed': 500,
    unavailable: 503,
  }

  test.each(Object.entries(statuses) as [ChardErrorCode, number][])('%s answers %i', async (code, status) => {
    const response = problemOf(new ChardError(code, secret))
    const body: ProblemDetails = await response.json()
    expect([response.status, body.status, body.code]).toEqual([status, status, code])
    expect(body.title).not.toBe('Error')
    // What a 5xx means inside is for the log alone; what the caller did wrong is for the caller.
    expect(body.detail.includes(secret)).toBe(status < 500)
    expect(log).toHaveBeenCalledTimes(status < 500 ? 0 : 1)
  })

  test('an unavailable engine says when to ask again', () => {
    expect(problemOf(new ChardError('unavailable', 'x')).headers.get('Retry-After')).toBe('2')
  })

  test('findings about the input reach the caller', async () => {
    const issues = [{ path: 'userId', message: 'is not a number' }]
    expect(await problemOf(new ChardError('invalid-input', 'x', { issues })).json()).toMatchObject({ errors: issues })
  })

  test('an HTTPException keeps its status and its headers', async () => {
    const res = new Response('no', { headers: { 'WWW-Authenticate': 'Basic', 'Content-Length': '2' } })
    const response = problemOf(new HTTPException(401, { message: 'Who are you?', res }))
    expect(response.headers.get('WWW-Authenticate')).toBe('Basic')
    expect(response.headers.get('Content-Type')).toBe('application/problem+json')
    expect(response.headers.get('Content-Length')).toBeNull()
    expect(await response.json()).toMatchObject({ status: 401, code: 'unauthorized', detail: 'Who are you?' })
  })

  test.each([
    ['an error', new Error(secret)],
    ['a text', secret],
    ['nothing', undefined],
    ['an HTTPException of the 500s', new HTTPException(502, { message: secret })],
  ])('%s is logged and tells nothing', async (_, thrown) => {
    const response = problemOf(thrown)
    expect(response.status).toBeGreaterThanOrEqual(500)
    expect(await response.text()).not.toContain(secret)
    expect(log).toHaveBeenCalledExactlyOnceWith(thrown)
  })

  test('serves as the error handler of an app', async () => {
    const app = new Hono().get('/', () => {
      throw new ChardError('gone', 'it was there')
    })
    app.onError(problemOf)
    expect((await app.request('/')).status).toBe(410)
  })
})
