/**
 * The service as one Hono app: which routes there are, and what holds for all of them. Errors of any kind leave here as
 * RFC 9457 problems; what a 5xx means inside goes to the log.
 */
import { Hono } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { routePath } from 'hono/route'
import { admin, jobStatus, problem, problemOf, wrongMethod } from '../admin/index.ts'
import { chard } from './chard.ts'
import { adminAuth } from './routes/admin-auth.ts'
import { healthRoutes } from './routes/health.ts'
import { pageRoutes } from './routes/page.ts'
import { limitedBy } from './routes/rate-limit.ts'
import { security } from './routes/security.ts'
import type { Service } from './routes/service.ts'
import { signUpRoutes } from './routes/sign-up.ts'
import { userRoutes } from './routes/users.ts'

export const app = new Hono<Service>()

app.onError((error, c) => {
  const response = problemOf(error)
  // The route, not the URL: a query may hold an address.
  if (response.status >= 500) console.error({ event: 'request-failed', method: c.req.method, route: routePath(c) })
  return response
})
app.notFound(() => problem(404, 'not-found', 'There is nothing under this path.'))

app.use(security)
app.use(methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }))

app.route('/', pageRoutes)
app.route('/', signUpRoutes)
app.route('/', userRoutes)
app.route('/', healthRoutes)
app.use('/jobs/*', limitedBy('STATUS_LIMIT'))
app.route('/jobs', jobStatus(chard))
app.route('/admin', admin(chard, { auth: adminAuth }))
