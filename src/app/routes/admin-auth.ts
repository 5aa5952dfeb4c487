/** Who is an admin of this deployment: the holder of the secret ADMIN_TOKEN, and on the developer's machine everybody. */
import { env } from 'cloudflare:workers'
import type { AdminAuth } from '../../admin/index.ts'
import { isLocal } from '../local.ts'

export const adminAuth: AdminAuth = {
  // A secret stands in no configuration file, so the generated types do not know it.
  token: () => (env as { ADMIN_TOKEN?: string }).ADMIN_TOKEN,
  open: () => isLocal,
  async loginAllowed({ headers }) {
    const { success } = await env.LOGIN_LIMIT.limit({ key: headers.get('CF-Connecting-IP') ?? 'unknown' })
    return success
  },
}
