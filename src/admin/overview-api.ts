/** The admin routes over the deployment: its state, its charts, and the kill switch. */
import { createRoute, z } from '@hono/zod-openapi'
import { type Charts, chartSpans, type Overview } from '../engine/index.ts'
import { audited } from './audit.ts'
import { adminSecurity, describedApp, json, onlyParameters } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { chartsSchema } from './schema/charts.ts'
import { haltResultSchema, overviewSchema } from './schema/deployment.ts'
import { problems } from './schema/problem.ts'
import { takes } from './schema/text.ts'
import { iso } from './view.ts'

const shared = { tags: ['Deployment'], security: adminSecurity }
const guarded = [401, 403] as const

const overview = createRoute({
  method: 'get',
  path: '/overview',
  ...shared,
  operationId: 'getOverview',
  summary: 'Counts by state, and the backlog, runners, wake-ups and alarm of every shard',
  responses: { 200: json(overviewSchema, 'The deployment at a glance.'), ...problems(...guarded) },
})

const chartsQuery = z.object({
  span: z
    .enum(chartSpans, takes(chartSpans.join(' or ')))
    .default('hour')
    .meta({ description: 'An hour by minutes, or a day by quarters of an hour.' }),
})

const charts = createRoute({
  method: 'get',
  path: '/charts',
  ...shared,
  operationId: 'getCharts',
  summary: 'Throughput, failures, queue time and run time of each task over the last hour or day',
  description:
    'Reads one row for each task and minute in each ledger. Percentiles can be computed from the histograms.',
  request: { query: chartsQuery },
  middleware: [onlyParameters(chartsQuery)] as const,
  responses: { 200: json(chartsSchema, 'What was counted, by steps of time.'), ...problems(...guarded, 422) },
})

const halt = createRoute({
  method: 'post',
  path: '/halt',
  ...shared,
  operationId: 'halt',
  summary: 'The kill switch: no attempts start, no wake-ups are sent and no alarms are set until it is switched off',
  responses: {
    200: json(haltResultSchema, 'The shards that did not answer: repeat the request for those.'),
    ...problems(...guarded),
  },
})

const resume = createRoute({
  method: 'post',
  path: '/resume',
  ...shared,
  operationId: 'unhalt',
  summary: 'Switch the kill switch off',
  responses: {
    200: json(haltResultSchema, 'The shards that did not answer: repeat the request for those.'),
    ...problems(...guarded),
  },
})

export function overviewApi(chard: Pick<AdminEngine, 'stats' | 'halt'>) {
  return describedApp()
    .openapi(overview, async (c) => c.json(overviewView(await chard.stats.overview()), 200))
    .openapi(charts, async (c) => c.json(chartsView(await chard.stats.charts(c.req.valid('query'))), 200))
    .openapi(halt, async (c) => c.json(await audited('halt', {}, () => chard.halt(true)), 200))
    .openapi(resume, async (c) => c.json(await audited('resume', {}, () => chard.halt(false)), 200))
}

function chartsView({ span, stepSeconds, from, to, bucketEndsMs, tasks, missing }: Charts) {
  return { span, stepSeconds, from: iso(from), to: iso(to), bucketEndsMs, tasks, missing }
}

function overviewView({ states, shards, missing }: Overview) {
  return { states, shards: shards.map(shardView), missing }
}

/** Field by field: a shard's counts by task are left out, because `/tasks` has them as sums. */
function shardView(one: Overview['shards'][number]) {
  const { shard, states, oldestReadyAt, runners, wakeUps, alarmAt, settings, bytes, halted } = one
  return {
    shard,
    states,
    ...(oldestReadyAt !== undefined && { oldestReadyAt: iso(oldestReadyAt) }),
    runners,
    wakeUps,
    ...(alarmAt !== undefined && { alarmAt: iso(alarmAt) }),
    settings,
    bytes,
    ...(halted && { halted }),
  }
}
