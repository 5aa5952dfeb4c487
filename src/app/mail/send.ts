/**
 * Sends e-mail, and decides what each refusal means. Its errors hold no address, because they are recorded with the job and
 * logged.
 * Codes: https://developers.cloudflare.com/email-service/api/send-emails/workers-api/
 */
import { NonRetryableError, RetryAfterError } from '../../engine/index.ts'
import { isLocal } from '../local.ts'
import type { Letter } from './letter.ts'

/** Refusals that no retry can change: the letter, the recipient or the configuration must change first. */
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

/** The sender; undefined when none is set. On the developer's machine nothing is sent, so any sender will do there. */
export function sender({ MAIL_FROM }: Pick<Cloudflare.Env, 'MAIL_FROM'>): string | undefined {
  return MAIL_FROM?.trim() || (isLocal ? 'welcome@example.com' : undefined)
}

/**
 * Sends one letter. E-mail has no idempotency key, so two calls send two e-mails.
 *
 * @param reference a header of the e-mail. It is the same when one letter was sent twice
 * @throws NonRetryableError when no retry can help; RetryAfterError when the day's quota is spent; otherwise an error that only
 *   says that it failed
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
  // The quota is for a day, so a shorter wait would only use up attempts.
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
