/**
 * The `Idempotency-Key` of a request, by the IETF draft: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 * Neither the key nor the request is stored as it came, only what tells whether two are the same.
 */
import type { SignUpRequest } from './sign-up-request.ts'

export const idempotencyKeyTakes = '1 to 255 visible ASCII characters, such as a UUID'

/** True for what the header may hold. The quotes that the draft writes around a key are part of the key here. */
export function isIdempotencyKey(text: string): boolean {
  return /^[!-~]{1,255}$/.test(text)
}

/** Equal for requests that ask for the same, in either form. */
export function requestHash({ userId, email }: SignUpRequest): Promise<string> {
  return sha256(JSON.stringify([userId ?? null, email.address]))
}

export async function sha256(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
