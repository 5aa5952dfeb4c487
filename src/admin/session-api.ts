/** Routes to log a browser in and out, which are not behind the guard, and the session of the caller, which is. */
import { createRoute, z } from '@hono/zod-openapi'
import { audit } from './audit.ts'
import {
  type AdminAuth,
  type Credential,
  closed,
  crossSite,
  fromElsewhere,
  sameText,
  unauthorized,
  usableToken,
} from './auth.ts'
import { adminSecurity, describedApp, json } from './describe.ts'
import { refuse, refuseWith } from './problem.ts'
import { time } from './schema/job.ts'
import { problems } from './schema/problem.ts'
import { text } from './schema/text.ts'
import { closeSession, openSession } from './session.ts'
import { iso } from './view.ts'

const loginSchema = z.strictObject({ token: text(1_000) }).openapi('Login')

const sessionSchema = z
  .object({
    by: z
      .enum(['open', 'bearer', 'cookie'])
      .meta({ description: '`open`: the developer’s own machine, which asks for no credential.' }),
    expiresAt: time.optional(),
  })
  .openapi('Session')

const tags = ['Session']

const login = createRoute({
  method: 'post',
  path: '/login',
  tags,
  security: [],
  operationId: 'login',
  summary: 'Log a browser in with the admin token',
  request: { body: { required: true, ...json(loginSchema, 'The admin token.') } },
  responses: {
    200: json(sessionSchema, 'The browser is logged in. The cookie is set, and no script can read it.'),
    ...problems(400, 401, 403, 413, 415, 422, 429),
  },
})

const logout = createRoute({
  method: 'post',
  path: '/logout',
  tags,
  security: [],
  operationId: 'logout',
  summary: 'Log a browser out',
  responses: { 204: { description: 'The cookie is gone.' }, ...problems(403) },
})

const get = createRoute({
  method: 'get',
  path: '/',
  tags,
  security: adminSecurity,
  operationId: 'getSession',
  summary: 'How this request was authenticated',
  responses: { 200: json(sessionSchema, 'The session.'), ...problems(401, 403) },
})

/** A minute, which is the period of the platform's rate limits. */
const retryAfterSeconds = 60

export function loginApi(auth: AdminAuth) {
  return describedApp()
    .openapi(login, async (c) => {
      if (fromElsewhere(c.req.raw)) refuseWith(crossSite())
      if (auth.open?.()) return c.json({ by: 'open' as const }, 200)
      const token = usableToken(auth)
      if (token === undefined) refuseWith(closed(auth))
      if ((await auth.loginAllowed?.(c.req.raw)) === false) {
        const headers = { 'Retry-After': String(retryAfterSeconds) }
        refuse(429, 'rate-limited', 'Too many logins from this address. Try again in a minute.', { headers })
      }
      if (!(await sameText(c.req.valid('json').token.trim(), token))) {
        audit('login', {}, 'refused')
        refuseWith(unauthorized(true))
      }
      const endsAt = await openSession(c, token, above(c.req.path, '/login'))
      audit('login', {}, 'done')
      return c.json({ by: 'cookie' as const, expiresAt: iso(endsAt) }, 200)
    })
    .openapi(logout, (c) => {
      if (fromElsewhere(c.req.raw)) refuseWith(crossSite())
      closeSession(c, above(c.req.path, '/logout'))
      audit('logout', {}, 'done')
      return c.body(null, 204)
    })
}

export function sessionApi() {
  return describedApp<{ Variables: { credential: Credential } }>().openapi(get, (c) => {
    const credential = c.get('credential')
    const { by } = credential
    return c.json({ by, ...(by === 'cookie' && { expiresAt: iso(credential.endsAt) }) }, 200)
  })
}

/** The prefix under which the admin is mounted, which is the path of the cookie. */
function above(path: string, end: string): string {
  return path.slice(0, -end.length) || '/'
}
