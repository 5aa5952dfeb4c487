/** The admin's routes over jobs: find them, look at one, cancel it, redrive it. They parse, call and answer. */
import { Hono } from 'hono'
import type { Chard } from '../engine/index.ts'
import { audited } from './audit.ts'
import { parseJobQuery } from './job-query.ts'
import { problem } from './problem.ts'
import { adminJob } from './view.ts'

/** What these routes need of the engine. */
export type JobSteering = Pick<Chard, 'get' | 'list' | 'cancel' | 'redrive'>

export function jobsApi(chard: JobSteering) {
  return new Hono()
    .get('/', async (c) => {
      const parsed = parseJobQuery(new URL(c.req.url).searchParams)
      if ('errors' in parsed) {
        const [first] = parsed.errors
        return problem(422, 'invalid-query', `${first?.path} ${first?.message}.`, { errors: parsed.errors })
      }
      const { jobs, cursor, missing } = await chard.list(parsed.query)
      return c.json({ jobs: jobs.map(adminJob), cursor, missing })
    })
    .get('/:id', async (c) => c.json(adminJob(await chard.get(c.req.param('id')))))
    .post('/:id/cancel', async (c) => {
      const id = c.req.param('id')
      return c.json(adminJob(await audited('cancel', id, () => chard.cancel(id))))
    })
    .post('/:id/redrive', async (c) => {
      const id = c.req.param('id')
      return c.json(adminJob(await audited('redrive', id, () => chard.redrive(id))))
    })
}
