/** Generated bad requests to every route of the service, with real stores and ledgers behind it. */

import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { app } from '../../src/app/app.ts'
import { adminAuth } from '../../src/app/routes/admin-auth.ts'
import { drawAvatar } from '../../src/app/tasks/draw-avatar.ts'
import { survives } from '../fuzz/survives.ts'
import { request } from './http.ts'

const token = 'correct-horse-battery'

beforeEach(() => {
  vi.spyOn(adminAuth, 'token').mockReturnValue(token)
  // A second of drawing for every job that a request makes would be most of the run.
  vi.spyOn(drawAvatar.definition, 'run').mockResolvedValue({})
  for (const limit of [env.SIGNUP_LIMIT, env.STATUS_LIMIT, env.LOGIN_LIMIT]) {
    vi.spyOn(limit, 'limit').mockResolvedValue({ success: true })
  }
})
afterEach(() => {
  vi.restoreAllMocks()
})

test('no bad request to the service is answered with a 5xx', { timeout: 240_000 }, async () => {
  const document = await (await request('/openapi.json')).json()
  const jobs = [await drawAvatar.enqueue({ userId: 1 }), await drawAvatar.enqueue({ userId: 2 }, { delay: '1d' })]
  const known = { id: jobs.map(({ id }) => id), name: ['draw-avatar'] }
  const statuses = await survives(document as never, 2_000, known, (path, init) => {
    const headers = new Headers(init.headers)
    if (!path.startsWith('/admin/log')) headers.set('Authorization', `Bearer ${token}`)
    // To wait for a job is no mistake, but takes its time.
    headers.delete('Prefer')
    // Either would have the rest of the run refused, and rightly so.
    if (/^\/admin\/api\/(halt|.*\/drain)/.test(path)) headers.delete('Authorization')
    // A stream would go on asking its ledger for a while after its reader has left.
    const method = /\/events(\?|$)/.test(path) && init.method === 'GET' ? 'HEAD' : init.method
    const sent = new Request(`https://chard.test${path}`, { ...init, method, headers } as RequestInit)
    return app.fetch(sent, env, createExecutionContext())
  })
  for (const status of [200, 404, 422]) expect(statuses.get(status)).toBeGreaterThan(20)
})
