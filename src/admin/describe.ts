/**
 * Routes that describe themselves: their schemas check requests and document answers. An `OpenAPIHono` that mounts these apps
 * has them in its document. A plain Hono serves them too.
 */
import { OpenAPIHono, type RouteConfig, type RouteConfigToTypedResponse, type RouteHandler } from '@hono/zod-openapi'
import type { Env, Handler, MiddlewareHandler, Schema, ToSchema } from 'hono'
import * as z from 'zod'
import type { InputIssue } from '../engine/index.ts'
import { problem } from './problem.ts'

/** An app whose routes answer with a problem when a request does not fit their schemas. */
export function describedApp<E extends Env = Env>(): OpenAPIHono<E> {
  return new OpenAPIHono<E>({
    defaultHook: ({ success, ...result }) => {
      if (success || !('error' in result)) return undefined
      const errors = result.error.issues.flatMap(findings)
      if (result.target === 'header') return problem(400, 'invalid-idempotency-key', `Idempotency-Key ${keyTakes}.`)
      const [{ path, message } = { path: '', message: 'is not taken' }] = errors
      if (result.target === 'query') return problem(422, 'invalid-query', `${path} ${message}.`, { errors })
      return problem(422, 'invalid-input', `${path || 'The body'}: ${message}.`, { errors })
    },
  })
}

/** JSON of a response or of a request's body. */
export function json<S extends z.ZodType>(schema: S, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

/** The ways of authentication, for the document. */
export const adminSecurity: { [scheme: string]: string[] }[] = [{ bearer: [] }, { cookie: [] }]

const keyTakes = 'takes 1 to 255 visible ASCII characters, such as a UUID'

/** The `Idempotency-Key` header of every route that creates something. */
export const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[!-~]{1,255}$/)
    .optional()
    .meta({ description: 'A second request with the same key and body is answered with what the first one made.' }),
})

/**
 * Adds a route whose handler reads the request and makes the `Response` by itself. It is in the document and in the typed
 * client like any other, but nothing is checked before the handler.
 */
export function described<E extends Env, S extends Schema, R extends RouteConfig, P extends string>(
  app: OpenAPIHono<E, S>,
  route: R & { getRoutingPath(): P },
  ...handlers: [...MiddlewareHandler[], Handler]
) {
  app.openAPIRegistry.registerPath({ ...route })
  app.on(route.method.toUpperCase(), [route.getRoutingPath()], ...(handlers as [Handler]))
  return app as unknown as OpenAPIHono<E, S & ToSchema<R['method'], P, InputOf<R>, RouteConfigToTypedResponse<R>>>
}

/** The input of a route, by its schemas. */
type InputOf<R extends RouteConfig> = RouteHandler<R> extends Handler<infer _E, infer _P, infer I> ? I : never

/**
 * Refuses parameters that are unknown or given twice: if a misspelt filter were ignored, a list would show too much. The schema
 * cannot see either, because it gets the query as an object.
 */
export function onlyParameters(schema: z.ZodObject): MiddlewareHandler {
  const names = Object.keys(schema.shape)
  return async ({ req }, next) => {
    const { searchParams } = new URL(req.url)
    const given = [...new Set(searchParams.keys())]
    const errors = [
      ...given
        .filter((path) => !names.includes(path))
        .map((path) => ({ path, message: `is not known here; the parameters are ${names.join(', ')}` })),
      ...given
        .filter((path) => searchParams.getAll(path).length > 1)
        .map((path) => ({ path, message: 'is given more than once' })),
    ].map(({ path, message }) => ({ path: path.slice(0, 100), message }))
    const [first] = errors
    if (!first) return next()
    return problem(422, 'invalid-query', `${first.path} ${first.message}.`, { errors: errors.slice(0, findingsMax) })
  }
}

/** More findings would help nobody. */
const findingsMax = 20

function findings(issue: z.core.$ZodIssue): InputIssue[] {
  const path = issue.path.map(String).join('.')
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys
    .slice(0, findingsMax)
    .map((key) => ({ path: [path, key.slice(0, 100)].filter(Boolean).join('.'), message: 'is not known here' }))
}
