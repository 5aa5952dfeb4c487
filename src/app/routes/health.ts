/**
 * `GET /healthz`: whether this Worker reaches the stores that a sign-up needs, by the cheapest request to each. It says which one
 * fails, and nothing about users.
 */
import { createRoute, z } from '@hono/zod-openapi'
import type { Handler } from 'hono'
import { ulid } from 'ulid'
import { described, describedApp, json, problem, problems } from '../../admin/index.ts'
import { ChardError } from '../../engine/index.ts'
import { chard } from '../chard.ts'
import { openUsers } from '../database/database.ts'
import { hasAvatar } from '../images/store.ts'
import { limitedBy } from './rate-limit.ts'
import type { Service } from './service.ts'

/** Longer than a healthy store takes, and shorter than a probe waits. */
const timeoutMs = 3_000

const checks: Readonly<Record<string, (env: Cloudflare.Env) => Promise<unknown>>> = {
  database: async (env) => (await openUsers(env)).ping(),
  images: (env) => hasAvatar(env, 0),
  jobs: askForNoJob,
}

const getHealth = createRoute({
  method: 'get',
  path: '/healthz',
  tags: ['Service'],
  security: [],
  operationId: 'getHealth',
  summary: 'Whether everything that a sign-up needs can be reached',
  responses: {
    200: json(z.object({ status: z.literal('ok') }), 'It can.'),
    ...problems(429, 503),
  },
})

const checkHealth: Handler<Service> = async (c) => {
  const failed: string[] = []
  await Promise.all(
    Object.entries(checks).map(async ([name, check]) => {
      try {
        await inTime(check(c.env))
      } catch (error) {
        failed.push(name)
        console.error({ event: 'unhealthy', check: name, error: String(error) })
      }
    }),
  )
  if (failed.length > 0) return problem(503, 'unhealthy', `Out of reach: ${failed.sort().join(', ')}.`)
  return c.json({ status: 'ok' }, 200, { 'Cache-Control': 'no-store' })
}

export const healthRoutes = described(describedApp<Service>(), getHealth, limitedBy('STATUS_LIMIT'), checkHealth)

/** A ledger that answers that it has no such job is healthy. One ledger stands for all, because to ask all would not be cheap. */
async function askForNoJob(): Promise<void> {
  try {
    await chard.jobs.get(`0-${ulid()}`)
  } catch (error) {
    if (!(error instanceof ChardError && error.code === 'unknown-job')) throw error
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
