/** `POST /users`: reads a sign-up in either form, carries it out, and answers in HTTP. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context, Handler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { described, describedApp, idempotencyHeader, json, problem, problems } from '../../admin/index.ts'
import { drawAvatar } from '../tasks/draw-avatar.ts'
import { idempotencyKeyTakes, isIdempotencyKey } from '../users/idempotency.ts'
import { type Refusal, signUp } from '../users/sign-up.ts'
import { type Checked, checkJson, checkQuery, jsonForm, queryForm } from '../users/sign-up-request.ts'
import { limitedBy } from './rate-limit.ts'
import type { Service } from './service.ts'

/** Many times more than a sign-up needs. */
const bodyBytesMax = 16 * 1024
const message = 'User creation initiated. Emails and image generation will proceed in the background.'

const acceptedSchema = z
  .object({
    message: z.string(),
    user: z.object({ id: z.int(), url: z.string() }),
    job: z.object({ id: z.string(), task: z.string(), state: z.string(), url: z.string() }),
  })
  .openapi('Accepted', {
    example: {
      message,
      user: { id: 123, url: '/users/123' },
      job: {
        id: '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC',
        task: 'draw-avatar',
        state: 'queued',
        url: '/jobs/3-01JD9ZXW4T5RJ7QK8M2N6P0VBC',
      },
    },
  })

const shared = {
  tags: ['Users'],
  security: [],
  responses: {
    202: json(acceptedSchema, 'Accepted. `Location` is the URL of the job that draws the picture.'),
    ...problems(400, 409, 413, 415, 422, 429, 503),
  },
}

/** Both paths accept both forms. */
const signUpJson = createRoute({
  ...shared,
  method: 'post',
  path: '/users',
  operationId: 'signUp',
  summary: 'Sign a user up',
  description: 'Answers at once. The welcome e-mail is sent and the picture is drawn afterwards.',
  request: { headers: idempotencyHeader, body: { required: true, ...json(jsonForm, 'The user.') } },
})

const signUpQuery = createRoute({
  ...shared,
  method: 'post',
  path: '/users/',
  operationId: 'signUpByQuery',
  summary: 'Sign a user up, without a body',
  request: { headers: idempotencyHeader, query: queryForm },
})

const tooLarge = () =>
  problem(413, 'too-large', `The body is over ${bodyBytesMax / 1024} KiB. A sign-up takes a userId and an email.`)

const accept: Handler<Service> = async (c) => {
  const key = c.req.header('Idempotency-Key')
  if (key !== undefined && !isIdempotencyKey(key)) {
    return problem(400, 'invalid-idempotency-key', `Idempotency-Key takes ${idempotencyKeyTakes}.`)
  }
  const checked = await read(c)
  if (checked instanceof Response) return checked
  if ('issues' in checked) {
    const detail = checked.issues.map(({ path, message }) => `${path || 'The request'} ${message}`).join('. ')
    return problem(422, 'invalid-input', `${detail}.`, { errors: checked.issues })
  }
  const result = await signUp(c.env, checked.request, key)
  if (result.refused) return refusals[result.refused]()
  const { userId, job, replayed } = result
  const url = `/jobs/${job.id}`
  c.header('Location', url)
  c.header('Cache-Control', 'no-store')
  if (replayed) c.header('Idempotency-Replayed', 'true')
  return c.json(
    {
      message,
      user: { id: userId, url: `/users/${userId}` },
      job: { id: job.id, task: drawAvatar.name, state: job.state, url },
    },
    202,
  )
}

const steps = [limitedBy('SIGNUP_LIMIT'), bodyLimit({ maxSize: bodyBytesMax, onError: tooLarge }), accept] as const

export const signUpRoutes = described(described(describedApp<Service>(), signUpJson, ...steps), signUpQuery, ...steps)

/** The query form has no body. An empty body counts as none, whatever its type. */
async function read({ req }: Context<Service>): Promise<Checked | Response> {
  const query = new URL(req.url).searchParams
  const bytes = await req.arrayBuffer()
  const isJson = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(req.header('Content-Type') ?? '')
  if (bytes.byteLength === 0 && (query.size > 0 || !isJson)) return checkQuery(query)
  if (query.size > 0) {
    return problem(422, 'invalid-input', 'Send the user as JSON in the body or in the query, not in both.')
  }
  if (!isJson) {
    const detail = 'Send JSON with Content-Type: application/json, or a query ?user_id=…&email=… without a body.'
    return problem(415, 'unsupported-media-type', detail, { headers: { Accept: 'application/json' } })
  }
  let body: unknown
  try {
    body = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes))
  } catch {
    return problem(400, 'malformed-json', 'The body is not JSON in UTF-8.')
  }
  return checkJson(body)
}

const refusals: Readonly<Record<Refusal, () => Response>> = {
  'user-id-taken': () =>
    problem(409, 'user-id-taken', 'There is a user with this id already. Choose another id, or leave it out.'),
  'email-taken': () => problem(409, 'email-taken', 'There is a user with this address already. Use another address.'),
  'idempotency-key-reused': () =>
    problem(422, 'idempotency-key-reused', 'This Idempotency-Key came with another request before. Use a new key.'),
}
