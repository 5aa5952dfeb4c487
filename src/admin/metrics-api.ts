/** `GET /metrics`, for Prometheus and others that read its formats. */
import { createRoute, z } from '@hono/zod-openapi'
import { adminSecurity, described, describedApp } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { metricsText } from './metrics.ts'
import { openMetricsType } from './open-metrics.ts'
import { problems } from './schema/problem.ts'

const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  tags: ['Deployment'],
  security: adminSecurity,
  operationId: 'getMetrics',
  summary: 'Everything that is counted, as OpenMetrics text',
  description: 'A scrape calls each ledger once. The scraper needs the admin token as a bearer token.',
  responses: {
    200: { description: 'The metrics.', content: { 'application/openmetrics-text': { schema: z.string() } } },
    ...problems(401, 403),
  },
})

export function metricsApi({ stats, tasks }: Pick<AdminEngine, 'stats' | 'tasks'>) {
  return described(describedApp(), metrics, async (c) => {
    const served = [...tasks.served().values()].flatMap(({ name, definition: { onFailed } }) =>
      onFailed ? [name, `${name}/onFailed`] : [name],
    )
    const text = metricsText(await stats.metrics(), served, Date.now())
    return c.body(text, 200, { 'Content-Type': openMetricsType })
  })
}
