/** The admin routes over the settings of the whole deployment. Those of a single task are in tasks-api.ts. */
import { createRoute } from '@hono/zod-openapi'
import type { Settings } from '../engine/index.ts'
import { audited } from './audit.ts'
import { adminSecurity, describedApp, json } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { drainResultSchema, settingsResultSchema, settingsSchema } from './schema/deployment.ts'
import { problems } from './schema/problem.ts'

const shared = { tags: ['Deployment'], security: adminSecurity }
const guarded = [401, 403] as const

const get = createRoute({
  method: 'get',
  path: '/',
  ...shared,
  operationId: 'getSettings',
  summary: 'What is paused, draining or limited by hand',
  responses: { 200: json(settingsSchema, 'The settings.'), ...problems(...guarded, 503) },
})

const pause = createRoute({
  method: 'post',
  path: '/pause',
  ...shared,
  operationId: 'pauseAll',
  summary: 'Start no attempts of any task; running ones go on',
  responses: { 200: json(settingsResultSchema, 'What is set now.'), ...problems(...guarded, 503) },
})

const resume = createRoute({
  method: 'post',
  path: '/resume',
  ...shared,
  operationId: 'resumeAll',
  summary: 'End a pause or a draining of the whole deployment',
  responses: { 200: json(settingsResultSchema, 'What is set now.'), ...problems(...guarded, 503) },
})

const drain = createRoute({
  method: 'post',
  path: '/drain',
  ...shared,
  operationId: 'drainAll',
  summary: 'Accept no new jobs of any task, and work off those there are',
  responses: {
    200: json(drainResultSchema, 'What is set now, and how many jobs are left.'),
    ...problems(...guarded, 503),
  },
})

export function settingsApi(chard: Pick<AdminEngine, 'settings' | 'pause' | 'resume' | 'drain'>) {
  return describedApp()
    .openapi(get, async (c) => c.json(settingsView(await chard.settings()), 200))
    .openapi(pause, async (c) => {
      const { settings, missing } = await audited('pause', {}, () => chard.pause())
      return c.json({ settings: settingsView(settings), missing }, 200)
    })
    .openapi(resume, async (c) => {
      const { settings, missing } = await audited('unpause', {}, () => chard.resume())
      return c.json({ settings: settingsView(settings), missing }, 200)
    })
    .openapi(drain, async (c) => {
      const { settings, missing, left } = await audited('drain', {}, () => chard.drain())
      return c.json({ settings: settingsView(settings), missing, left }, 200)
    })
}

export function settingsView({ version, paused, draining, tasks }: Settings) {
  return { version, paused, draining, tasks }
}
