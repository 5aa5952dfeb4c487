/**
 * The admin's room under one prefix and one guard: everything below it is closed to others, a path that does not exist
 * included. No CORS header is ever sent, so no page of another origin reads an answer.
 */
import { Hono, type MiddlewareHandler } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import type { Chard } from '../engine/index.ts'
import { audited } from './audit.ts'
import { type AdminAuth, adminOnly } from './auth.ts'
import { type JobSteering, jobsApi } from './jobs-api.ts'
import { problem, problemOf, wrongMethod } from './problem.ts'
import { overviewView } from './view.ts'

export interface AdminOptions {
  readonly auth: AdminAuth
}

/**
 * Mount it anywhere: `app.route('/admin', admin(chard, { auth }))`.
 *
 * - `GET /api/jobs`: newest first, with filters `state`, `task`, `tag`, `key`, and `limit`, `cursor`. `missing` lists
 *   the shards that did not answer: with any, the page is not the whole truth.
 * - `GET /api/jobs/:id`: everything recorded of one job.
 * - `POST /api/jobs/:id/cancel`, `POST /api/jobs/:id/redrive`: answer the job as it is then. Each leaves an audit line.
 * - `POST /api/halt`, `POST /api/resume`: the kill switch of every ledger. `missing` lists those that did not hear it.
 * - `GET /api/overview`: counts by state, each shard's backlog, runners, wake-ups and alarm, and `missing`.
 */
export function admin(chard: JobSteering & Pick<Chard, 'overview' | 'halt'>, { auth }: AdminOptions) {
  const app = new Hono()
  app.onError(problemOf)
  app.use(uncached)
  app.use(adminOnly(auth))
  app.use(methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }))

  const routes = app
    .route('/api/jobs', jobsApi(chard))
    .get('/api/overview', async (c) => c.json(overviewView(await chard.overview())))
    .post('/api/halt', async (c) => c.json(await audited('halt', undefined, () => chard.halt(true))))
    .post('/api/resume', async (c) => c.json(await audited('resume', undefined, () => chard.halt(false))))

  // The prefix is ours alone, so a path that is not there is answered here and not by the app around.
  app.all('*', () => problem(404, 'not-found', 'There is nothing under this path.'))
  return routes
}

/** Everything here is for one reader at one moment. */
const uncached: MiddlewareHandler = async (c, next) => {
  await next()
  c.header('Cache-Control', 'no-store')
}
