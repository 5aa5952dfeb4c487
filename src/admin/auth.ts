/**
 * Who may use the admin routes: callers that send `Authorization: Bearer <token>`, or the cookie of a login with that token.
 * The token is a secret of the deployment. It is given as a function, because bindings are read during a request.
 *
 * 1. Without a token that is long enough the routes are closed, so a forgotten secret opens nothing.
 * 2. `open` is for the developer's own machine. Nothing that a request or a deployment sets may make it true.
 * 3. A request without the token in its header, which a page of another origin could make a browser send, changes something
 *    only when it comes from our own pages.
 */
import type { Context, MiddlewareHandler } from 'hono'
import { createMiddleware } from 'hono/factory'
import { problem } from './problem.ts'
import { sessionEnd } from './session.ts'

export interface AdminAuth {
  /** The admin token, or undefined when none is set. */
  readonly token: () => string | undefined
  /** True lets everybody in. Base it on a constant that only the development build defines. Default: false. */
  readonly open?: () => boolean
  /** The secret's name, for messages that say what to set. Default `ADMIN_TOKEN`. */
  readonly secretName?: string
  /** False refuses a login, because this address has tried too often. Default: true, and the token's length protects it. */
  readonly loginAllowed?: (request: Request) => Promise<boolean>
}

/** How a request was authenticated, and until when that holds, in epoch milliseconds. */
export type Credential = { readonly by: 'open' | 'bearer' } | { readonly by: 'cookie'; readonly endsAt: number }

/** A shorter token could be guessed, so it counts as not set. */
export const tokenCharsMin = 16

/**
 * True when the request carries the admin token. `open` does not count, so that personal data is shown only to callers with
 * the token, on a developer's machine too.
 */
export async function isAdmin(request: Request, auth: AdminAuth): Promise<boolean> {
  const token = usableToken(auth)
  const given = bearer(request)
  return token !== undefined && given !== undefined && (await sameText(given, token))
}

/** Lets admins through, and answers everybody else with a problem that says what to do. */
export function adminOnly(auth: AdminAuth): MiddlewareHandler<{ Variables: { credential: Credential } }> {
  return createMiddleware(async (c, next) => {
    const found = await credentialOf(c, auth)
    if (found instanceof Response) return found
    if (found.by !== 'bearer' && changes(c.req.raw) && !fromHere(c.req.raw, found)) return crossSite()
    c.set('credential', found)
    return next()
  })
}

/** How a request is authenticated, or the problem that says why it is not. */
export async function credentialOf(c: Context, auth: AdminAuth): Promise<Credential | Response> {
  if (auth.open?.()) return { by: 'open' }
  const token = usableToken(auth)
  if (token === undefined) return closed(auth)
  const given = bearer(c.req.raw)
  if (given !== undefined) return (await sameText(given, token)) ? { by: 'bearer' } : unauthorized(true)
  const endsAt = await sessionEnd(c, token)
  return endsAt === undefined ? unauthorized(false) : { by: 'cookie', endsAt }
}

export function usableToken({ token }: AdminAuth): string | undefined {
  // A secret that was piped in may end with a line break; no header could carry that.
  const text = token()?.trim()
  return text !== undefined && text.length >= tokenCharsMin ? text : undefined
}

function bearer(request: Request): string | undefined {
  return /^Bearer +(.+)$/i.exec(request.headers.get('Authorization') ?? '')?.[1]?.trim()
}

/** Compares hashes, which are equally long, so that the time it takes reveals neither a difference nor a length. */
export async function sameText(a: string, b: string): Promise<boolean> {
  return crypto.subtle.timingSafeEqual(await sha256(a), await sha256(b))
}

function sha256(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}

function changes({ method }: Request): boolean {
  return method !== 'GET' && method !== 'HEAD'
}

/**
 * Browsers say where a change comes from, and a cookie comes from a browser. On an open machine programs call too, and those
 * send neither header.
 */
function fromHere(request: Request, { by }: Credential): boolean {
  const { headers } = request
  if (by === 'cookie' && !headers.has('Sec-Fetch-Site') && !headers.has('Origin')) return false
  return !fromElsewhere(request)
}

/** True when a browser sends this for a page of another origin. */
export function fromElsewhere({ headers, url }: Request): boolean {
  const site = headers.get('Sec-Fetch-Site')
  if (site !== null) return site !== 'same-origin' && site !== 'none'
  const origin = headers.get('Origin')
  return origin !== null && origin !== new URL(url).origin
}

/**
 * `403` and not `503`, because waiting does not help, and because a scanner should not raise the deployment's error rate.
 */
export function closed({ token, secretName = 'ADMIN_TOKEN' }: AdminAuth): Response {
  const why = token() ? `is shorter than ${tokenCharsMin} characters` : 'is not set'
  const what = `Set it with \`npx wrangler secret put ${secretName}\`, to ${tokenCharsMin} characters or more`
  return problem(403, 'admin-closed', `The admin routes are closed, because ${secretName} ${why}. ${what}.`)
}

export function unauthorized(given: boolean): Response {
  const challenge = `Bearer realm="admin"${given ? ', error="invalid_token"' : ''}`
  const detail = given
    ? 'This is not the admin token.'
    : 'Send the admin token: Authorization: Bearer <token>. A browser may log in with it.'
  return problem(401, 'unauthorized', detail, { headers: { 'WWW-Authenticate': challenge } })
}

export function crossSite(): Response {
  return problem(403, 'cross-site', 'Changes are not taken from pages of another origin.')
}
