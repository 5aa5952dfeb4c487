/** The webhook: the variable WEBHOOK_URL and the secret WEBHOOK_SECRET. Without a URL there is none. */
import { env } from 'cloudflare:workers'
import type { Webhook } from '../engine/index.ts'

export function webhook(): Webhook | undefined {
  // A secret is in no configuration file, so the generated types do not have it.
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: secret = '' } = env as { WEBHOOK_URL?: string; WEBHOOK_SECRET?: string }
  // With a URL and no secret every message fails and says why, which is better noticed than no message.
  return url ? { url, secret } : undefined
}
