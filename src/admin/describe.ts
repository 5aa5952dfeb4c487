/**
 * How these apps describe themselves: routes with the schemas that check what comes in and name what goes out. An
 * `OpenAPIHono` that mounts them has all of it in its document; a plain Hono runs them just the same.
 */
import { OpenAPIHono, type RouteConfig, type RouteConfigToTypedResponse, type RouteHandler } from '@hono/zod-openapi'
import type { Env, Handler, MiddlewareHandler, Schema, ToSchema } from 'hono'
import * as z from 'zod'
import type { InputIssue } from '../engine/index.ts'
import { problem } from './problem.ts'

/** An app whose schemas refuse with problems. */
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

/** What a call needs to say who makes it. */
export const adminSecurity: { [scheme: string]: string[] }[] = [{ bearer: [] }, { cookie: [] }]

const keyTakes = 'takes 1 to 255 visible ASCII characters, such as a UUID'

/** The header of every route that creates something. */
export const idempotencyHeader = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[!-~]{1,255}$/)
    .optional()
    .meta({ description: 'The same key and request again answer with what the first one made.' }),
})

/**
 * Adds a route whose handler reads its request and makes its `Response` by itself: in the document and in the typed
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

/** What a caller sends, by the schemas of the route. */
type InputOf<R extends RouteConfig> = RouteHandler<R> extends Handler<infer _E, infer _P, infer I> ? I : never

/**
 * Refuses parameters that are not known or are given twice: with a misspelt filter left out, a list would show what
 * nobody asked for. The schema cannot see either, because a query reaches it as an object.
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

/** More findings than these help nobody. */
const findingsMax = 20

function findings(issue: z.core.$ZodIssue): InputIssue[] {
  const path = issue.path.map(String).join('.')
  if (issue.code !== 'unrecognized_keys') return [{ path, message: issue.message }]
  return issue.keys
    .slice(0, findingsMax)
    .map((key) => ({ path: [path, key.slice(0, 100)].filter(Boolean).join('.'), message: 'is not known here' }))
}
