/**
 * The admin routes under one prefix and one guard. Everything below the prefix is closed to others, also a path that does not
 * exist; only the dashboard's page is open, which holds no data. No CORS header is sent, so no page of another origin can
 * read an answer.
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
 * The admin routes as an app, to mount under any prefix. Every route describes itself in the document of an `OpenAPIHono` that
 * mounts it. Reads carry an ETag. `missing` in an answer lists the shards that did not answer: with any, the answer is
 * incomplete. Every change leaves a line in the audit trail.
 *
 *     app.route('/admin', admin(chard, { auth: { token: () => env.ADMIN_TOKEN } }))
 *
 * - `GET /`: the dashboard.
 * - `POST /login`, `POST /logout`: a cookie for a browser, in place of the token.
 * - `/api/jobs`, `/api/bulk`: jobs, one by one and many at once.
 * - `/api/schedules`, `/api/tasks`, `/api/settings`: schedules, tasks and their limits, and pauses.
 * - `/api/overview`, `/api/charts`, `/api/halt`, `/api/resume`: the deployment, now and over time, and its kill switch.
 * - `/metrics`: everything that is counted, as OpenMetrics text.
 * - `/api/session`: how the caller was authenticated.
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

  // A path that does not exist is answered here, behind the guard, and not by the app around.
  app.all('*', () => problem(404, 'not-found', 'There is nothing under this path.'))
  return routes
}

/** No answer is cached, but for files that say otherwise. */
const uncached: MiddlewareHandler = async (c, next) => {
  await next()
  if (!c.res.headers.get('Cache-Control')?.includes('immutable')) c.header('Cache-Control', 'no-store')
}
