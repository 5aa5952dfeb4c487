/** Error answers, as the API's document describes them. They are made in ../problem.ts. */
import { z } from '@hono/zod-openapi'
import { problemType } from '../problem.ts'

const problemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    code: z.string().meta({ description: 'Stable: programs may match on it.' }),
    detail: z.string().meta({ description: 'For the person who sent the request: what to change.' }),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .meta({ description: 'Where the input is wrong.' }),
  })
  .openapi('Problem', {
    description: 'An error by RFC 9457.',
    example: {
      type: 'about:blank',
      title: 'Not Found',
      status: 404,
      code: 'unknown-job',
      detail: 'There is no job 3-01JD9ZXW4T5RJ7QK8M2N6P0VBC.',
    },
  })

const meanings = {
  400: 'The request cannot be read.',
  401: 'The credential is missing or wrong.',
  403: 'The admin routes are closed, or the request came from a page of another origin.',
  404: 'What the path names does not exist.',
  409: 'The present state of what the path names does not allow this.',
  410: 'The job is older than the time for which jobs are kept.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  422: 'A value in the request is not accepted. `errors` says where.',
  429: 'Too many requests from this address. `Retry-After` says when to try again.',
  503: 'Unavailable at present. `Retry-After` says when to try again.',
} as const

type Documented = keyof typeof meanings

/** The entries of a route's `responses` for the errors it may answer with. */
export function problems<const Statuses extends readonly Documented[]>(...statuses: Statuses) {
  const entries = statuses.map((status) => [
    status,
    { description: meanings[status], content: { [problemType]: { schema: problemSchema } } },
  ])
  return Object.fromEntries(entries) as Record<
    Statuses[number],
    { description: string; content: { 'application/problem+json': { schema: typeof problemSchema } } }
  >
}
