/** What the bench's own settings are, beside the two bindings that the engine finds by itself. */
import { env } from 'cloudflare:workers'

const bindings = env as { readonly SHARDS?: string; readonly BENCH_TOKEN?: string; readonly BENCH_LOCAL?: string }

export const shards = Number(bindings.SHARDS ?? 8)

/**
 * A deployment is open to the world and its routes cost money, so each call has to bring the token. Only the bench
 * itself, on this machine, runs it without one.
 */
export function isAllowed(request: Request): boolean {
  if (bindings.BENCH_LOCAL === 'true') return true
  const token = bindings.BENCH_TOKEN
  return token !== undefined && token !== '' && request.headers.get('authorization') === `Bearer ${token}`
}
