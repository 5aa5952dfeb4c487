/**
 * The admin's room under one prefix and one guard: everything below it is closed to others, a path that does not exist
 * included; but for the dashboard's page, in which nothing is. No CORS header is ever sent, so no page of another origin reads an answer.
 */
import type { MiddlewareHandler } from 'hono'
import { etag } from 'hono/etag'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { type AdminAuth, adminOnly } from './auth.ts'
import { boundedBody, boundedUrl } from './bounds.ts'
import { controlApi } from './control-api.ts'
import { describedApp } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { jobsApi } from './jobs-api.ts'
import { metricsApi } from './metrics-api.ts'
import { overviewApi } from './overview-api.ts'
import { dashboard } from './page.ts'
import { problem, problemOf, wrongMethod } from './problem.ts'
import { loginApi, sessionApi } from './session-api.ts'

export interface AdminOptions {
  readonly auth: AdminAuth
}

/**
 * Mount it anywhere: `app.route('/admin', admin(chard, { auth }))`. Every route describes itself, in the document of an
 * `OpenAPIHono` around it. Reads carry an ETag; `missing` in an answer lists the shards that did not answer: with any, it
 * is not the whole truth. Every change leaves an audit line.
 *
 * - `GET /`: the dashboard.
 * - `POST /login`, `POST /logout`: the cookie of a browser, in place of the token.
 * - `/api/jobs`, `/api/bulk`: jobs, one by one and many at once.
 * - `/api/schedules`, `/api/tasks`, `/api/settings`: what makes jobs, and what holds them back.
 * - `/api/overview`, `/api/charts`, `/api/halt`, `/api/resume`: the deployment, now and over time, and its kill switch.
 * - `/metrics`: all that is counted, as OpenMetrics text.
 * - `/api/session`: how one was let in.
 */
export function admin(chard: AdminEngine, { auth }: AdminOptions) {
  const app = describedApp()
  app.onError(problemOf)
  app.use(uncached)
  app.use(boundedUrl)
  app.use(boundedBody)
  app.route('/', dashboard(auth))
  const opened = app.route('/', loginApi(auth))
  app.use(adminOnly(auth))
  app.use(methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }))
  app.use('/api/*', etag())

  const routes = opened
    .route('/', metricsApi(chard))
    .route('/api/session', sessionApi())
    .route('/api/jobs', jobsApi(chard))
    .route('/api', overviewApi(chard))
    .route('/api', controlApi(chard))

  // The prefix is ours alone, so a path that is not there is answered here and not by the app around.
  app.all('*', () => problem(404, 'not-found', 'There is nothing under this path.'))
  return routes
}

/** Everything here is for one reader at one moment, but for files that say otherwise. */
const uncached: MiddlewareHandler = async (c, next) => {
  await next()
  if (!c.res.headers.get('Cache-Control')?.includes('immutable')) c.header('Cache-Control', 'no-store')
}
