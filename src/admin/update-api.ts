/** The admin's route that changes the priority or the time of a waiting job. */
import { createRoute, z } from '@hono/zod-openapi'
import { audited } from './audit.ts'
import { adminSecurity, describedApp, json } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { given } from './job-query.ts'
import { oneJob, priority } from './jobs-api.ts'
import { duration } from './schema/duration.ts'
import { jobDetailSchema } from './schema/job.ts'
import { problems } from './schema/problem.ts'
import { timestamp } from './schema/text.ts'
import { jobDetail } from './view.ts'
import { seenInput } from './visible.ts'

const updateSchema = z
  .strictObject({ priority: priority.optional(), at: timestamp.optional(), delay: duration.optional() })
  .refine((changes) => Object.keys(changes).length > 0, 'takes priority, at or delay')
  .openapi('JobUpdate', { example: { priority: 100, delay: '5m' } })

const update = createRoute({
  method: 'patch',
  path: '/{id}',
  tags: ['Jobs'],
  security: adminSecurity,
  operationId: 'updateJob',
  summary: 'Change the priority or the time of a waiting job',
  request: { params: oneJob, body: { required: true, ...json(updateSchema, 'The changes.') } },
  responses: {
    200: json(jobDetailSchema, 'The job after the change.'),
    ...problems(400, 401, 403, 404, 409, 410, 413, 415, 422, 503),
  },
})

export function updateApi({ jobs, tasks }: Pick<AdminEngine, 'jobs' | 'tasks'>) {
  return describedApp().openapi(update, async (c) => {
    const { id } = c.req.valid('param')
    const changes = given(c.req.valid('json'))
    const record = await audited('update', { job: id }, () => jobs.update(id, changes))
    return c.json(jobDetail(record, seenInput(record, tasks.served(), 'single')), 200)
  })
}
