/** The admin routes over tasks: their policies and limits, and how to pause, resume and drain them. */
import { createRoute, z } from '@hono/zod-openapi'
import type { TaskOverview } from '../engine/index.ts'
import { audited } from './audit.ts'
import { adminSecurity, describedApp, json } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { given } from './job-query.ts'
import { refuse } from './problem.ts'
import {
  drainResultSchema,
  limitsSchema,
  settingsResultSchema,
  taskListSchema,
  taskSchema,
} from './schema/deployment.ts'
import { problems } from './schema/problem.ts'
import { text } from './schema/text.ts'
import { settingsView } from './settings-api.ts'

/** `<task>/onFailed` is a task too; its slash is escaped in a URL. */
const one = z.object({ name: text(110).meta({ example: 'draw-avatar' }) })
const shared = { tags: ['Tasks'], security: adminSecurity }
const guarded = [401, 403] as const

const list = createRoute({
  method: 'get',
  path: '/',
  ...shared,
  operationId: 'listTasks',
  summary: 'Every task that is served or of which jobs are recorded',
  responses: { 200: json(taskListSchema, 'The tasks.'), ...problems(...guarded) },
})

const get = createRoute({
  method: 'get',
  path: '/{name}',
  ...shared,
  operationId: 'getTask',
  summary: 'One task: policy, limits, pauses, counts',
  request: { params: one },
  responses: { 200: json(taskSchema, 'The task.'), ...problems(...guarded, 404, 422) },
})

const pause = createRoute({
  method: 'post',
  path: '/{name}/pause',
  ...shared,
  operationId: 'pauseTask',
  summary: 'Start no attempts; running ones go on',
  request: { params: one },
  responses: { 200: json(settingsResultSchema, 'What is set now.'), ...problems(...guarded, 404, 422, 503) },
})

const resume = createRoute({
  method: 'post',
  path: '/{name}/resume',
  ...shared,
  operationId: 'resumeTask',
  summary: 'End a pause or a draining',
  request: { params: one },
  responses: { 200: json(settingsResultSchema, 'What is set now.'), ...problems(...guarded, 404, 422, 503) },
})

const drain = createRoute({
  method: 'post',
  path: '/{name}/drain',
  ...shared,
  operationId: 'drainTask',
  summary: 'Accept no new jobs, and work off those there are',
  request: { params: one },
  responses: {
    200: json(drainResultSchema, 'What is set now, and how many jobs are left.'),
    ...problems(...guarded, 404, 422, 503),
  },
})

const setLimits = createRoute({
  method: 'put',
  path: '/{name}/limits',
  ...shared,
  operationId: 'setTaskLimits',
  summary: 'Replace the limits that the code declares',
  description: 'Only of kinds that the code declares.',
  request: { params: one, body: { required: true, ...json(limitsSchema, 'The limits.') } },
  responses: {
    200: json(settingsResultSchema, 'What is set now.'),
    ...problems(400, ...guarded, 404, 413, 415, 422, 503),
  },
})

const unsetLimits = createRoute({
  method: 'delete',
  path: '/{name}/limits',
  ...shared,
  operationId: 'unsetTaskLimits',
  summary: 'Use the limits that the code declares again',
  request: { params: one },
  responses: { 200: json(settingsResultSchema, 'What is set now.'), ...problems(...guarded, 404, 422, 503) },
})

export function tasksApi({ tasks }: Pick<AdminEngine, 'tasks'>) {
  return describedApp()
    .openapi(list, async (c) => {
      const { tasks: found, missing } = await tasks.list()
      return c.json({ tasks: found.map(taskView), missing }, 200)
    })
    .openapi(get, async (c) => {
      const { name } = c.req.valid('param')
      const task = (await tasks.list()).tasks.find((one) => one.name === name)
      return task ? c.json(taskView(task), 200) : refuse(404, 'unknown-task', 'There is no task of this name.')
    })
    .openapi(pause, async (c) => {
      const { name: task } = c.req.valid('param')
      const { settings, missing } = await audited('pause', { task }, () => tasks.pause(task))
      return c.json({ settings: settingsView(settings), missing }, 200)
    })
    .openapi(resume, async (c) => {
      const { name: task } = c.req.valid('param')
      const { settings, missing } = await audited('unpause', { task }, () => tasks.resume(task))
      return c.json({ settings: settingsView(settings), missing }, 200)
    })
    .openapi(drain, async (c) => {
      const { name: task } = c.req.valid('param')
      const { settings, missing, left } = await audited('drain', { task }, () => tasks.drain(task))
      return c.json({ settings: settingsView(settings), missing, left }, 200)
    })
    .openapi(setLimits, async (c) => {
      const { name: task } = c.req.valid('param')
      const { perPartition, ...own } = c.req.valid('json')
      const limits = given({ ...given(own), perPartition: perPartition && given(perPartition) })
      const { settings, missing } = await audited('set-limits', { task }, () => tasks.setLimits(task, limits))
      return c.json({ settings: settingsView(settings), missing }, 200)
    })
    .openapi(unsetLimits, async (c) => {
      const { name: task } = c.req.valid('param')
      const { settings, missing } = await audited('set-limits', { task }, () => tasks.setLimits(task, undefined))
      return c.json({ settings: settingsView(settings), missing }, 200)
    })
}

function taskView({ name, served, policy, limits, paused, draining, counts }: TaskOverview) {
  return {
    name,
    served,
    ...(policy && { policy }),
    limits: { code: limits.code, now: limits.now },
    paused,
    draining,
    counts,
  }
}
