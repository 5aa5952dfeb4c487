/** Generated bad requests to every route of the admin, over an engine of nothing. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { admin, describedApp } from '../../src/admin/index.ts'
import { survives } from '../fuzz/survives.ts'
import { completedJob, fakeChard, jobRecord } from './fake-chard.ts'

beforeEach(() => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
})
afterEach(() => {
  vi.restoreAllMocks()
})

test('no bad request to the admin is answered with a 5xx', { timeout: 120_000 }, async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const jobs = [jobRecord(), completedJob({ id: '3-01JD9ZXW4T5RJ7QK8M2N6P0VBD' })]
  const token = 'correct-horse-battery'
  const app = describedApp().route('/admin', admin(fakeChard({ jobs }), { auth: { token: () => token } }))
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } })
  const known = { id: jobs.map(({ id }) => id), name: ['nightly', 'draw-avatar'] }
  const statuses = await survives(document as never, 5_000, known, (path, init) => {
    const request = new Request(`https://chard.test${path}`, init)
    if (!path.startsWith('/admin/log')) request.headers.set('Authorization', `Bearer ${token}`)
    return app.request(request)
  })
  // Bad ones and good ones, in good numbers: not everything ends at the door.
  expect(statuses.get(200)).toBeGreaterThan(100)
  expect(statuses.get(422)).toBeGreaterThan(100)
  // What is logged of them is one short line each, whatever they held.
  for (const [line] of log.mock.calls) expect(String(line).length).toBeLessThan(600)
})
