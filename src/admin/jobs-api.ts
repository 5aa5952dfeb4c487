/** The admin routes over jobs: find them, look at one, create, cancel and redrive. They parse, call the engine and answer. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { ChardError, type EnqueueOptions, type JobRecord } from '../engine/index.ts'
import { audited } from './audit.ts'
import { adminSecurity, describedApp, idempotencyHeader, json, onlyParameters } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { given, jobQuery, listQuerySchema } from './job-query.ts'
import { refuse } from './problem.ts'
import { duration } from './schema/duration.ts'
import { jobDetailSchema, jobId, jobListSchema } from './schema/job.ts'
import { problems } from './schema/problem.ts'
import { takes, text, timestamp } from './schema/text.ts'
import { jobDetail, jobSummary } from './view.ts'
import { seenInput } from './visible.ts'

export const oneJob = z.object({ id: jobId })

const priorityTakes = takes('a whole number from -1000 to 1000')
export const priority = z.int(priorityTakes).min(-1_000, priorityTakes).max(1_000, priorityTakes)

const newJobSchema = z
  .strictObject({
    task: text(100),
    input: z.unknown().meta({ description: 'Validated by the schema of the task.' }),
    options: z
      .strictObject({
        idempotencyKey: text(512).optional(),
        delay: duration.optional(),
        at: timestamp.optional(),
        expiresIn: duration.optional(),
        priority: priority.optional(),
        tags: z.array(text(128)).max(16).optional(),
      })
      .optional(),
  })
  .openapi('NewJob', {
    // Any JSON value may be an input, but there must be one.
    required: ['task', 'input'],
    example: { task: 'draw-avatar', input: { userId: 123 }, options: { priority: 10, tags: ['by-hand'] } },
  })

const newInputSchema = z
  .strictObject({ input: z.unknown() })
  .openapi('NewInput', { required: ['input'], example: { input: { userId: 123 } } })

const tags = ['Jobs']
const security = adminSecurity
const guarded = [401, 403] as const

const list = createRoute({
  method: 'get',
  path: '/',
  tags,
  security,
  operationId: 'listJobs',
  summary: 'Jobs, newest first',
  request: { query: listQuerySchema },
  middleware: [onlyParameters(listQuerySchema)] as const,
  responses: { 200: json(jobListSchema, 'A page.'), ...problems(...guarded, 422) },
})

const get = createRoute({
  method: 'get',
  path: '/{id}',
  tags,
  security,
  operationId: 'getJobRecord',
  summary: 'Everything recorded of one job',
  request: { params: oneJob },
  responses: { 200: json(jobDetailSchema, 'The job.'), ...problems(...guarded, 404, 410, 503) },
})

const create = createRoute({
  method: 'post',
  path: '/',
  tags,
  security,
  operationId: 'createJob',
  summary: 'Enqueue a job of any task that is served',
  request: { headers: idempotencyHeader, body: { required: true, ...json(newJobSchema, 'The job.') } },
  responses: {
    202: json(jobDetailSchema, 'The job is recorded. `Location` is its URL.'),
    200: json(jobDetailSchema, 'The job that an earlier request with this idempotency key has made.'),
    ...problems(400, ...guarded, 404, 409, 413, 415, 422, 503),
  },
})

const cancel = createRoute({
  method: 'post',
  path: '/{id}/cancel',
  tags,
  security,
  operationId: 'cancelJob',
  summary: 'Cancel a job',
  description: 'A waiting job is cancelled at once. A running handler is told within ten seconds.',
  request: { params: oneJob },
  responses: { 200: json(jobDetailSchema, 'The job after the change.'), ...problems(...guarded, 404, 409, 410, 503) },
})

const redrive = createRoute({
  method: 'post',
  path: '/{id}/redrive',
  tags,
  security,
  operationId: 'redriveJob',
  summary: 'Give a final job its attempts again, with its input or with another',
  request: {
    params: oneJob,
    body: { required: false, ...json(newInputSchema, 'Another input. Without a body the job keeps its input.') },
  },
  responses: {
    200: json(jobDetailSchema, 'The job after the change.'),
    ...problems(400, ...guarded, 404, 409, 410, 413, 415, 422, 503),
  },
})

export function jobsApi({ jobs, tasks }: Pick<AdminEngine, 'jobs' | 'tasks'>) {
  const detail = (record: JobRecord) => jobDetail(record, seenInput(record, tasks.served(), 'single'))
  return describedApp()
    .openapi(list, async (c) => {
      const { jobs: found, cursor, missing } = await jobs.list(jobQuery(c.req.valid('query')))
      const served = tasks.served()
      const summaries = found.map((record) => jobSummary(record, seenInput(record, served, 'list')))
      return c.json({ jobs: summaries, ...(cursor !== undefined && { cursor }), missing }, 200)
    })
    .openapi(create, async (c) => {
      const { task: name, input, options: asked = {} } = c.req.valid('json')
      const options = given({ ...asked, ...keyOf(c, asked.idempotencyKey) }) as EnqueueOptions
      const act = async () => {
        const task = tasks.served().get(name)
        if (!task) throw new ChardError('unknown-task', `no task ${JSON.stringify(name)} is served`)
        return task.enqueue(input, options)
      }
      const job = await audited('create', { task: name }, act, ({ id }) => ({ job: id }))
      c.header('Location', `${c.req.path.replace(/\/$/, '')}/${job.id}`)
      const body = detail(await job.get())
      if (!job.duplicate) return c.json(body, 202)
      c.header('Idempotency-Replayed', 'true')
      return c.json(body, 200)
    })
    .openapi(get, async (c) => c.json(detail(await jobs.get(c.req.valid('param').id)), 200))
    .openapi(cancel, async (c) => {
      const { id } = c.req.valid('param')
      return c.json(detail(await audited('cancel', { job: id }, () => jobs.cancel(id))), 200)
    })
    .openapi(redrive, async (c) => {
      const { id } = c.req.valid('param')
      const body: { input?: unknown } = c.req.valid('json')
      const act = () => ('input' in body ? jobs.redrive(id, { input: body.input }) : jobs.redrive(id))
      return c.json(detail(await audited('redrive', { job: id }, act)), 200)
    })
}

/** The idempotency key may be given in the header or in the options. Both together must be the same. */
function keyOf(c: Context, option: string | undefined): { idempotencyKey?: string } {
  const header = c.req.header('Idempotency-Key')
  if (header === undefined) return {}
  if (option === undefined || option === header) return { idempotencyKey: header }
  const message = 'differs from the header Idempotency-Key'
  const path = 'options.idempotencyKey'
  refuse(422, 'invalid-input', `${path} ${message}.`, { errors: [{ path, message }] })
}
