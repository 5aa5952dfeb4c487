/** The admin routes that change many jobs: every job that a filter matches, in the background, with progress. */
import { createRoute, z } from '@hono/zod-openapi'
import type { BulkProgress } from '../engine/index.ts'
import { audited } from './audit.ts'
import { adminSecurity, describedApp, idempotencyHeader, json } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { filterSchema, jobFilter } from './job-query.ts'
import { bulkSchema } from './schema/deployment.ts'
import { problems } from './schema/problem.ts'
import { text } from './schema/text.ts'

const newBulkSchema = z
  .strictObject({ action: z.enum(['cancel', 'redrive']), filter: filterSchema })
  .openapi('NewBulk', { example: { action: 'redrive', filter: { state: 'failed', task: 'draw-avatar' } } })

const shared = { tags: ['Bulk'], security: adminSecurity }
const guarded = [401, 403] as const

const start = createRoute({
  method: 'post',
  path: '/',
  ...shared,
  operationId: 'startBulk',
  summary: 'Cancel or redrive every job that a filter matches',
  description: 'An empty filter matches all jobs. Jobs whose state does not allow the action are left as they are.',
  request: {
    headers: idempotencyHeader,
    body: { required: true, ...json(newBulkSchema, 'The action, and the jobs that it is for.') },
  },
  responses: {
    202: json(bulkSchema, 'The action has begun. `Location` is the URL of its progress.'),
    ...problems(400, ...guarded, 409, 413, 415, 422, 503),
  },
})

const get = createRoute({
  method: 'get',
  path: '/{id}',
  ...shared,
  operationId: 'getBulk',
  summary: 'The progress of a bulk action',
  request: { params: z.object({ id: text(100) }) },
  responses: { 200: json(bulkSchema, 'The progress.'), ...problems(...guarded, 404, 422, 503) },
})

export function bulkApi({ jobs }: Pick<AdminEngine, 'jobs'>) {
  return describedApp()
    .openapi(start, async (c) => {
      const { action, filter } = c.req.valid('json')
      const key = c.req.valid('header')['idempotency-key']
      const once = key === undefined ? {} : { idempotencyKey: key }
      const found = jobFilter(filter)
      const act = () => (action === 'cancel' ? jobs.cancelMany(found, once) : jobs.redriveMany(found, once))
      const progress = await audited(`${action}-many`, {}, act, ({ id }) => ({ bulk: id }))
      c.header('Location', `${c.req.path.replace(/\/$/, '')}/${progress.id}`)
      return c.json(bulkView(progress), 202)
    })
    .openapi(get, async (c) => c.json(bulkView(await jobs.bulk(c.req.valid('param').id)), 200))
}

function bulkView({ id, action, state, looked, changed, missing }: BulkProgress) {
  return { id, action, state, looked, changed, missing }
}
