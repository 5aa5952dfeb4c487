/** The settings of the bench, beside the two bindings that the engine finds by itself. */
import { env } from 'cloudflare:workers'

const bindings = env as { readonly SHARDS?: string; readonly BENCH_TOKEN?: string; readonly BENCH_LOCAL?: string }

export const shards = Number(bindings.SHARDS ?? 8)

/**
 * A deployment is public and its routes cost money, so each request must have the token. Only the local bench runs it without
 * one.
 */
export function isAllowed(request: Request): boolean {
  if (bindings.BENCH_LOCAL === 'true') return true
  const token = bindings.BENCH_TOKEN
  return token !== undefined && token !== '' && request.headers.get('authorization') === `Bearer ${token}`
}
