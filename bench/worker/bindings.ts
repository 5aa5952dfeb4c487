/** The settings of the bench's Worker. The engine finds its own two bindings by itself. */
import { env } from 'cloudflare:workers'

const bindings = env as { readonly SHARDS?: string; readonly BENCH_TOKEN?: string; readonly BENCH_LOCAL?: string }

export const shards = Number(bindings.SHARDS ?? 8)

/**
 * Whether a request carries the token. A deployment is public and its routes cost money, so every request needs the token,
 * except on a local server that `npm run bench` has started.
 */
export function isAllowed(request: Request): boolean {
  if (bindings.BENCH_LOCAL === 'true') return true
  const token = bindings.BENCH_TOKEN
  return token !== undefined && token !== '' && request.headers.get('authorization') === `Bearer ${token}`
}
