/** Changing a job that waits: when it runs, and before which others. */
import { createRoute, z } from '@hono/zod-openapi'
import { audited } from './audit.ts'
import { adminSecurity, describedApp, json } from './describe.ts'
import type { JobSteering } from './engine.ts'
import { given } from './job-query.ts'
import { oneJob, priority } from './jobs-api.ts'
import { duration } from './schema/duration.ts'
import { jobDetailSchema } from './schema/job.ts'
import { problems } from './schema/problem.ts'
import { moment } from './schema/text.ts'
import { jobDetail } from './view.ts'
import { seenInput } from './visible.ts'

const amendmentSchema = z
  .strictObject({ priority: priority.optional(), at: moment.optional(), delay: duration.optional() })
  .refine((changes) => Object.keys(changes).length > 0, 'takes priority, at or delay')
  .openapi('Amendment', { example: { priority: 100, delay: '5m' } })

const amend = createRoute({
  method: 'patch',
  path: '/{id}',
  tags: ['Jobs'],
  security: adminSecurity,
  operationId: 'amendJob',
  summary: 'Another priority or time for a job that waits',
  request: { params: oneJob, body: { required: true, ...json(amendmentSchema, 'The changes.') } },
  responses: {
    200: json(jobDetailSchema, 'The job as it is then.'),
    ...problems(400, 401, 403, 404, 409, 410, 413, 415, 422, 503),
  },
})

export function amendApi(chard: Pick<JobSteering, 'served' | 'amend'>) {
  return describedApp().openapi(amend, async (c) => {
    const { id } = c.req.valid('param')
    const changes = given(c.req.valid('json'))
    const record = await audited('amend', { job: id }, () => chard.amend(id, changes))
    return c.json(jobDetail(record, seenInput(record, chard.served(), 'single')), 200)
  })
}
