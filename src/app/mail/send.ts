/**
 * The way out for e-mail, and the one place that decides what a refusal means. No address leaves it in an error: errors
 * are recorded with the job and logged.
 * Codes: https://developers.cloudflare.com/email-service/api/send-emails/workers-api/
 */
import { NonRetryableError, RetryAfterError } from '../../engine/index.ts'
import { isLocal } from '../local.ts'
import type { Letter } from './letter.ts'

/** What no repetition mends: the letter, the recipient or the set-up must change first. */
const permanentCodes: ReadonlySet<string> = new Set([
  'E_VALIDATION_ERROR',
  'E_FIELD_MISSING',
  'E_TOO_MANY_RECIPIENTS',
  'E_SENDER_NOT_VERIFIED',
  'E_SENDER_DOMAIN_NOT_AVAILABLE',
  'E_RECIPIENT_NOT_ALLOWED',
  'E_RECIPIENT_SUPPRESSED',
  'E_CONTENT_TOO_LARGE',
])

/** The sender, or undefined when none is set. On the developer's machine nothing is sent, so any sender will do there. */
export function sender({ MAIL_FROM }: Pick<Cloudflare.Env, 'MAIL_FROM'>): string | undefined {
  return MAIL_FROM?.trim() || (isLocal ? 'welcome@example.com' : undefined)
}

/**
 * Sends one letter. Delivery has no idempotency key anywhere, so whoever calls this twice sends twice.
 *
 * @param reference tells two sendings of one letter apart from two letters: it is a header of the e-mail
 * @throws NonRetryableError when no repetition can help; RetryAfterError when the day's quota is spent; else an error
 *   that says no more than that it did not work
 */
export async function send(
  { EMAIL }: Pick<Cloudflare.Env, 'EMAIL'>,
  letter: Letter,
  { from, to, reference }: { readonly from: string; readonly to: string; readonly reference: string },
): Promise<void> {
  try {
    await EMAIL.send({ from: { email: from, name: 'Chard' }, to, ...letter, headers: { 'X-Job-Id': reference } })
  } catch (error) {
    throw explained(error)
  }
}

function explained(error: unknown): Error {
  const code = codeOf(error)
  const message = code ? `the e-mail was refused: ${code}` : `the e-mail could not be sent: ${withoutAddresses(error)}`
  if (code && (permanentCodes.has(code) || code.startsWith('E_HEADER_'))) return new NonRetryableError(message)
  // The quota counts by the day; a shorter wait would only use up attempts.
  if (code === 'E_DAILY_LIMIT_EXCEEDED') return new RetryAfterError('24h', message)
  return new Error(message)
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}

function withoutAddresses(error: unknown): string {
  const message = error instanceof Error ? error.message : typeof error
  return message.replace(/\S+@\S+/g, '<address>')
}
