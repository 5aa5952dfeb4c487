/** `GET /users/:id` and its picture. Ids can be guessed, so everybody may see only that a user exists. */
import { createRoute, z } from '@hono/zod-openapi'
import type { Context, Handler } from 'hono'
import { etag } from 'hono/etag'
import { described, describedApp, isAdmin, json, problem, problems } from '../../admin/index.ts'
import { openUsers } from '../database/database.ts'
import type { User } from '../database/users.ts'
import { avatarSizes } from '../images/avatar.ts'
import { hasAvatar, readAvatar } from '../images/store.ts'
import { parseUserId, userIdTakes } from '../users/user-id.ts'
import { adminAuth } from './admin-auth.ts'
import { limitedBy } from './rate-limit.ts'
import type { Service } from './service.ts'

/** A picture takes about a second to draw. */
const retryAfterSeconds = 2
/** The picture of an id never changes, but a later version may use another style. */
const imageCaching = 'public, max-age=86400'

const userSchema = z
  .object({
    id: z.int(),
    url: z.string(),
    avatar: z.object({
      state: z.enum(['ready', 'pending', 'failed']),
      url: z.string(),
      sizes: z.array(z.int()).readonly(),
    }),
    email: z.string().optional().meta({ description: 'With the admin token only, as are the times.' }),
    createdAt: z.string().optional().meta({ format: 'date-time' }),
    welcomedAt: z.string().nullable().optional().meta({ format: 'date-time' }),
  })
  .openapi('User')

const oneUser = z.object({ id: z.string().openapi({ type: 'integer', minimum: 1, example: 123 }) })

const getUser = createRoute({
  method: 'get',
  path: '/users/{id}',
  tags: ['Users'],
  // Both, because the token is not needed, and shows more.
  security: [{}, { bearer: [] }],
  operationId: 'getUser',
  summary: 'A user',
  request: { params: oneUser },
  responses: { 200: json(userSchema, 'The user.'), ...problems(404, 429) },
})

const getAvatar = createRoute({
  method: 'get',
  path: '/users/{id}/avatar.png',
  tags: ['Users'],
  security: [],
  operationId: 'getAvatar',
  summary: 'The picture of a user',
  request: {
    params: oneUser,
    query: z.object({
      size: z.enum(['64', '256', '512']).optional().meta({ description: 'Pixels a side. Default 256.' }),
    }),
  },
  responses: {
    200: {
      description: 'The picture.',
      content: { 'image/png': { schema: z.string().openapi({ format: 'binary' }) } },
    },
    304: { description: 'It is the one with this ETag.' },
    ...problems(404, 422, 429),
  },
})

/** The address and the times are shown to callers with the admin token. */
const showUser: Handler<Service, '/users/:id'> = async (c) => {
  const user = await find(c)
  if (!user) return unknownUser()
  const { id, email, createdAt, welcomedAt } = user
  const url = `/users/${id}`
  const avatar = { state: await avatarState(c.env, user), url: `${url}/avatar.png`, sizes: avatarSizes }
  c.header('Cache-Control', 'no-store')
  if (!(await isAdmin(c.req.raw, adminAuth))) return c.json({ id, url, avatar })
  return c.json({ id, url, avatar, email, createdAt: iso(createdAt), welcomedAt: welcomedAt && iso(welcomedAt) })
}

const showAvatar: Handler<Service, '/users/:id'> = async (c) => {
  const text = c.req.query('size') ?? '256'
  const size = avatarSizes.find((known) => String(known) === text)
  if (!size) {
    const message = `takes one of ${avatarSizes.join(', ')}`
    return problem(422, 'invalid-input', `size ${message}.`, { errors: [{ path: 'size', message }] })
  }
  const id = parseUserId(c.req.param('id'))
  if (!id) return unknownUser()
  const image = await readAvatar(c.env, id, size, conditions(c.req.raw))
  if (!image) return missingImage(await find(c))
  const headers = {
    ETag: image.httpEtag,
    'Cache-Control': imageCaching,
    'Cross-Origin-Resource-Policy': 'cross-origin',
  }
  if (!('body' in image)) return c.body(null, 304, headers)
  const { contentType = 'image/png' } = image.httpMetadata ?? {}
  return c.body(image.body, 200, { ...headers, 'Content-Type': contentType, 'Content-Length': String(image.size) })
}

export const userRoutes = described(
  described(describedApp<Service>(), getUser, limitedBy('STATUS_LIMIT'), etag(), showUser),
  getAvatar,
  limitedBy('STATUS_LIMIT'),
  showAvatar,
)

async function find(c: Context<Service, '/users/:id'>): Promise<User | null> {
  const id = parseUserId(c.req.param('id'))
  return id === undefined ? null : (await openUsers(c.env)).get(id)
}

async function avatarState(env: Cloudflare.Env, { id, imageFailedAt }: User): Promise<'ready' | 'pending' | 'failed'> {
  if (await hasAvatar(env, id)) return 'ready'
  return imageFailedAt === null ? 'pending' : 'failed'
}

/** The list of RFC 9110 8.8.3. */
const entityTags = /^\s*(?:\*|(?:W\/)?"[!#-~]*"(?:\s*,\s*(?:W\/)?"[!#-~]*")*)\s*$/

/** Only the condition on an ETag, because our answers carry an ETag and no date. R2 throws when an ETag is malformed. */
function conditions({ headers }: Request): Headers {
  const tags = headers.get('If-None-Match')
  return new Headers(tags !== null && entityTags.test(tags) ? { 'If-None-Match': tags } : {})
}

function missingImage(user: User | null): Response {
  if (!user) return unknownUser()
  if (user.imageFailedAt !== null) return problem(404, 'image-failed', 'The picture of this user could not be drawn.')
  return problem(404, 'image-not-ready', 'The picture of this user is not drawn yet.', {
    headers: { 'Retry-After': String(retryAfterSeconds) },
  })
}

function unknownUser(): Response {
  return problem(404, 'unknown-user', `There is no user with this id. An id is ${userIdTakes}.`)
}

function iso(epochMs: number): string {
  return new Date(epochMs).toISOString()
}
