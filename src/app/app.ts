/**
 * The service as one Hono app: its routes, and what holds for all of them. Every error is answered with an RFC 9457 problem, and
 * the cause of a 5xx goes to the log.
 */
import { methodNotAllowed } from 'hono/method-not-allowed'
import { routePath } from 'hono/route'
import { admin, boundedUrl, describedApp, jobStatus, problem, problemOf, traced, wrongMethod } from '../admin/index.ts'
import { currentTrace } from '../engine/index.ts'
import { chard } from './chard.ts'
import { adminAuth } from './routes/admin-auth.ts'
import { docsRoutes, openApiDocument } from './routes/docs.ts'
import { healthRoutes } from './routes/health.ts'
import { pageRoutes } from './routes/page.ts'
import { limitedBy } from './routes/rate-limit.ts'
import { security } from './routes/security.ts'
import type { Service } from './routes/service.ts'
import { signUpRoutes } from './routes/sign-up.ts'
import { userRoutes } from './routes/users.ts'

const service = describedApp<Service>()

service.onError((error, c) => {
  const response = problemOf(error)
  // The route and not the URL, because a query may hold an address.
  const line = { event: 'request-failed', method: c.req.method, route: routePath(c), trace: currentTrace() }
  if (response.status >= 500) console.error(line)
  return response
})
service.notFound(() => problem(404, 'not-found', 'There is nothing under this path.'))

service.use(traced)
service.use(security)
service.use(boundedUrl)
service.use(methodNotAllowed({ app: service, onMethodNotAllowed: wrongMethod }))
service.use('/jobs/*', limitedBy('STATUS_LIMIT'))

export const app = service
  .route('/', pageRoutes)
  .route('/', docsRoutes)
  .route('/', signUpRoutes)
  .route('/', userRoutes)
  .route('/', healthRoutes)
  .route('/jobs', jobStatus(chard))
  .route('/admin', admin(chard, { auth: adminAuth }))

// Last: it describes what is mounted above.
service.get('/openapi.json', openApiDocument(service))

/** For a typed client: `hc<AppType>(url)`, as examples/client.ts shows. */
export type AppType = typeof app
