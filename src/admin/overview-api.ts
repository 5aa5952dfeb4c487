/** The admin's routes over the deployment: how it is, and the kill switch. */
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
    'Reads a row a task and minute in each ledger. Percentiles are for the reader to make of the histograms.',
  request: { query: chartsQuery },
  middleware: [onlyParameters(chartsQuery)] as const,
  responses: { 200: json(chartsSchema, 'The sums, by steps of time.'), ...problems(...guarded, 422) },
})

const halt = createRoute({
  method: 'post',
  path: '/halt',
  ...shared,
  operationId: 'halt',
  summary: 'The kill switch: nothing is given out, sent or armed until it is let go',
  responses: { 200: json(haltResultSchema, 'The shards that did not hear it: ask again.'), ...problems(...guarded) },
})

const resume = createRoute({
  method: 'post',
  path: '/resume',
  ...shared,
  operationId: 'letGo',
  summary: 'Let go of the kill switch',
  responses: { 200: json(haltResultSchema, 'The shards that did not hear it: ask again.'), ...problems(...guarded) },
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

/** Field by field: a shard's counts by task are told by `/tasks`, summed. */
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
