/**
 * The public status of jobs: one job as JSON, and its changes as server-sent events. A job's id cannot be guessed, so its URL
 * is the permission to see it; view.ts decides what is shown. It changes nothing. An unknown id is answered with `404`, and
 * one that is older than the time for which jobs are kept with `410`.
 */
import { createRoute, z } from '@hono/zod-openapi'
import type { Handler } from 'hono'
import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { isFinal, type JobRecord } from '../engine/index.ts'
import { described, describedApp, json } from './describe.ts'
import type { JobReader } from './engine.ts'
import { streamEvents } from './events.ts'
import { waitSeconds } from './prefer.ts'
import { problemOf, wrongMethod } from './problem.ts'
import { jobId, publicJobSchema } from './schema/job.ts'
import { problems } from './schema/problem.ts'
import { snapshot } from './snapshot.ts'

export interface JobStatusOptions {
  /** The longest `Prefer: wait` that is honoured. Default 30. */
  readonly waitSecondsMax?: number
  /** How long one stream of events lasts before the client connects again. Default 30. */
  readonly eventsSeconds?: number
  /** A comment is sent this often while nothing changes, so that no proxy closes the stream. Default 10. */
  readonly heartbeatSeconds?: number
}

/**
 * The public status as an app, to mount where the URLs of jobs are.
 *
 *     app.route('/jobs', jobStatus(chard))
 *
 * - `GET /:id`: the job, with a strong ETag. `Prefer: wait=10` answers once it is final or the time is up.
 * - `GET /:id/events`: an event `job` with the same JSON now and after every change, and `end` when it is final.
 */
export function jobStatus({ jobs }: JobReader, options: JobStatusOptions = {}) {
  const { waitSecondsMax = 30, eventsSeconds = 30, heartbeatSeconds = 10 } = options
  const app = describedApp()
  app.onError(problemOf)
  app.use(methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }))

  const one: Handler = async (c) => {
    const id = c.req.param('id') as string
    const seconds = waitSeconds(c.req.header('Prefer'), waitSecondsMax)
    const record = seconds ? await jobs.wait(id, seconds * 1_000) : await jobs.get(id)
    const { body, tag } = await snapshot(record, c.req.path)
    if (seconds) c.header('Preference-Applied', `wait=${seconds}`)
    if (!isFinal(record.state)) c.header('Retry-After', String(askAgainSeconds(record)))
    // `no-cache`: a browser may keep it, and must ask with its ETag before each use.
    return c.body(body, 200, { ...jsonHeaders, 'Cache-Control': 'private, no-cache', ETag: `"${tag}"` })
  }

  const stream: Handler = (c) =>
    streamEvents(c, jobs, c.req.param('id') as string, {
      url: c.req.path.slice(0, -'/events'.length),
      lastsMs: eventsSeconds * 1_000,
      heartbeatMs: heartbeatSeconds * 1_000,
    })

  return described(described(app, getJob, etag({ retainedHeaders: retained }), one), getEvents, stream)
}

const request = { params: z.object({ id: jobId }) }
const shared = { tags: ['Jobs'], security: [], request }

const getJob = createRoute({
  method: 'get',
  path: '/{id}',
  ...shared,
  operationId: 'getJob',
  summary: 'The state of a job',
  description:
    'Everybody who has its URL may see it. With `Prefer: wait=10` the answer comes once the job is final or the time is up.',
  responses: {
    200: json(publicJobSchema, 'The job.'),
    304: { description: 'Nothing has changed since the answer with this ETag.' },
    ...problems(404, 410, 429, 503),
  },
})

const getEvents = createRoute({
  method: 'get',
  path: '/{id}/events',
  ...shared,
  operationId: 'watchJob',
  summary: 'The changes of a job as server-sent events',
  description: 'An event `job` with the job now and after every change, and `end` when it is final.',
  responses: {
    200: { description: 'The stream, for half a minute.', content: { 'text/event-stream': { schema: z.string() } } },
    204: { description: 'The job is final, and the client has seen its final state.' },
    ...problems(404, 410, 429, 503),
  },
})

const jsonHeaders = { 'Content-Type': 'application/json' }
const retained = [...RETAINED_304_HEADERS, 'Preference-Applied', 'Retry-After']

/** A hint for clients that poll: when a waiting job is due, but a minute at most, because it may be cancelled before. */
function askAgainSeconds({ dueAt }: JobRecord): number {
  if (dueAt === undefined) return 1
  return Math.min(Math.max(1, Math.ceil((dueAt - Date.now()) / 1_000)), 60)
}
