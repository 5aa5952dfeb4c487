/**
 * Keeps one address from overloading the public routes. The platform counts approximately and for each location, which is enough
 * for that: https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 */
import type { MiddlewareHandler } from 'hono'
import { problem } from '../../admin/index.ts'
import type { Service } from './service.ts'

/** The bindings' period in wrangler.toml. */
const periodSeconds = 10

export function limitedBy(binding: 'SIGNUP_LIMIT' | 'STATUS_LIMIT'): MiddlewareHandler<Service> {
  return async ({ env, req }, next) => {
    // Cloudflare sets the header on every request from outside, and overwrites what a client sent.
    const key = req.header('CF-Connecting-IP') ?? 'unknown'
    const { success } = await env[binding].limit({ key })
    if (success) return next()
    return problem(429, 'rate-limited', `Too many requests from this address. Try again in ${periodSeconds} seconds.`, {
      headers: { 'Retry-After': String(periodSeconds) },
    })
  }
}
