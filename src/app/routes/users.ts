/** `GET /users/:id` and its picture. Ids can be guessed, so what anybody may see of a user is that there is one. */
import { type Context, Hono } from 'hono'
import { isAdmin, problem } from '../../admin/index.ts'
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
/** The picture of an id never changes, but a later version may draw another style. */
const imageCaching = 'public, max-age=86400'

export const userRoutes = new Hono<Service>()

/** The address, and when things happened, are for who brings the admin token. */
userRoutes.get('/users/:id', limitedBy('STATUS_LIMIT'), async (c) => {
  const user = await find(c)
  if (!user) return unknownUser()
  const { id, email, createdAt, welcomedAt } = user
  const url = `/users/${id}`
  const avatar = { state: await avatarState(c.env, user), url: `${url}/avatar.png`, sizes: avatarSizes }
  c.header('Cache-Control', 'no-store')
  if (!(await isAdmin(c.req.raw, adminAuth))) return c.json({ id, url, avatar })
  return c.json({ id, url, avatar, email, createdAt: iso(createdAt), welcomedAt: welcomedAt && iso(welcomedAt) })
})

userRoutes.get('/users/:id/avatar.png', limitedBy('STATUS_LIMIT'), async (c) => {
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
})

async function find(c: Context<Service, '/users/:id'>): Promise<User | null> {
  const id = parseUserId(c.req.param('id'))
  return id === undefined ? null : (await openUsers(c.env)).get(id)
}

async function avatarState(env: Cloudflare.Env, { id, imageFailedAt }: User): Promise<'ready' | 'pending' | 'failed'> {
  if (await hasAvatar(env, id)) return 'ready'
  return imageFailedAt === null ? 'pending' : 'failed'
}

/** Only the condition that our answers give the means for: they carry an ETag and no date. */
function conditions({ headers }: Request): Headers {
  const tags = headers.get('If-None-Match')
  return new Headers(tags === null ? {} : { 'If-None-Match': tags })
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
