/**
 * The dashboard's session: a cookie with the time of its end, signed with a key that is derived from the admin token.
 *
 * 1. The token itself is never in a cookie, and no session is stored: another token ends every session.
 * 2. A copy of a cookie stays valid after a logout, until the session ends. So sessions are short.
 */
import type { Context } from 'hono'
import { deleteCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'

export const sessionCookie = 'chard-admin'
/** Twelve hours: a dashboard stays open for a working day, and a forgotten one is closed on the next. */
const sessionSeconds = 12 * 3_600

/** Sets the cookie for `path` and what is under it. Answers when it ends, in epoch milliseconds. */
export async function openSession(c: Context, token: string, path: string): Promise<number> {
  const endsAt = Date.now() + sessionSeconds * 1_000
  await setSignedCookie(c, sessionCookie, String(endsAt), await signingSecret(token), {
    ...attributes,
    path,
    maxAge: sessionSeconds,
  })
  return endsAt
}

export function closeSession(c: Context, path: string): void {
  deleteCookie(c, sessionCookie, { ...attributes, path })
}

/** When the session of this request ends; undefined when it has none, or one that is forged or has ended. */
export async function sessionEnd(c: Context, token: string): Promise<number | undefined> {
  const value = await getSignedCookie(c, await signingSecret(token), sessionCookie)
  if (!value || !/^\d{13}$/.test(value)) return undefined
  return Number(value) > Date.now() ? Number(value) : undefined
}

const attributes = { httpOnly: true, secure: true, sameSite: 'Strict' } as const

/** A key for this purpose alone, so that a signature made here is valid nowhere else. */
async function signingSecret(token: string): Promise<ArrayBuffer> {
  const text = new TextEncoder()
  const key = await crypto.subtle.importKey('raw', text.encode(token), 'HKDF', false, ['deriveBits'])
  const info = text.encode('chard admin session 1')
  return crypto.subtle.deriveBits({ name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info }, key, 256)
}
