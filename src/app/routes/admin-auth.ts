/** The admin of this deployment: who has the secret ADMIN_TOKEN, and on the developer's machine everybody. */
import { env } from 'cloudflare:workers'
import type { AdminAuth } from '../../admin/index.ts'
import { isLocal } from '../local.ts'

export const adminAuth: AdminAuth = {
  // A secret is in no configuration file, so the generated types do not have it.
  token: () => (env as { ADMIN_TOKEN?: string }).ADMIN_TOKEN,
  open: () => isLocal,
  async loginAllowed({ headers }) {
    const { success } = await env.LOGIN_LIMIT.limit({ key: headers.get('CF-Connecting-IP') ?? 'unknown' })
    return success
  },
}
