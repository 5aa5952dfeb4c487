/** Where failures are told: the variable WEBHOOK_URL and the secret WEBHOOK_SECRET. Without a URL to nobody. */
import { env } from 'cloudflare:workers'
import type { Webhook } from '../engine/index.ts'

export function webhook(): Webhook | undefined {
  // A secret stands in no configuration file, so the generated types do not know it.
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: secret = '' } = env as { WEBHOOK_URL?: string; WEBHOOK_SECRET?: string }
  // With a URL and no secret every message fails, and says why: louder than sending none.
  return url ? { url, secret } : undefined
}
