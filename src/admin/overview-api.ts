/** The admin's routes over the deployment: how it is, and the kill switch. */
import { createRoute } from '@hono/zod-openapi'
import type { Overview } from '../engine/index.ts'
import { audited } from './audit.ts'
import { adminSecurity, describedApp, json } from './describe.ts'
import type { Steering } from './engine.ts'
import { heardSchema, overviewSchema } from './schema/deployment.ts'
import { problems } from './schema/problem.ts'
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

const halt = createRoute({
  method: 'post',
  path: '/halt',
  ...shared,
  operationId: 'halt',
  summary: 'The kill switch: nothing is given out, sent or armed until it is let go',
  responses: { 200: json(heardSchema, 'The shards that did not hear it: ask again.'), ...problems(...guarded) },
})

const resume = createRoute({
  method: 'post',
  path: '/resume',
  ...shared,
  operationId: 'letGo',
  summary: 'Let go of the kill switch',
  responses: { 200: json(heardSchema, 'The shards that did not hear it: ask again.'), ...problems(...guarded) },
})

export function overviewApi(chard: Pick<Steering, 'overview' | 'halt'>) {
  return describedApp()
    .openapi(overview, async (c) => c.json(overviewView(await chard.overview()), 200))
    .openapi(halt, async (c) => c.json(await audited('halt', {}, () => chard.halt(true)), 200))
    .openapi(resume, async (c) => c.json(await audited('resume', {}, () => chard.halt(false)), 200))
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
