/** The admin routes over schedules. They parse, call the engine and answer. */
import { createRoute, z } from '@hono/zod-openapi'
import type { ScheduleRecord } from '../engine/index.ts'
import { audited } from './audit.ts'
import { adminSecurity, describedApp, idempotencyHeader, json } from './describe.ts'
import type { AdminEngine } from './engine.ts'
import { problems } from './schema/problem.ts'
import { scheduleListSchema, scheduleSchema, triggeredSchema } from './schema/schedule.ts'
import { text } from './schema/text.ts'
import { iso } from './view.ts'

const one = z.object({ name: text(100).meta({ example: 'nightly-report' }) })
const shared = { tags: ['Schedules'], security: adminSecurity }
const guarded = [401, 403] as const

const list = createRoute({
  method: 'get',
  path: '/',
  ...shared,
  operationId: 'listSchedules',
  summary: 'Every schedule, with its coming slots and its history',
  responses: { 200: json(scheduleListSchema, 'The schedules.'), ...problems(...guarded) },
})

const get = createRoute({
  method: 'get',
  path: '/{name}',
  ...shared,
  operationId: 'getSchedule',
  summary: 'One schedule',
  request: { params: one },
  responses: { 200: json(scheduleSchema, 'The schedule.'), ...problems(...guarded, 404, 422, 503) },
})

const pause = createRoute({
  method: 'post',
  path: '/{name}/pause',
  ...shared,
  operationId: 'pauseSchedule',
  summary: 'Enqueue nothing until it is resumed',
  request: { params: one },
  responses: {
    200: json(scheduleSchema, 'The schedule after the change.'),
    ...problems(...guarded, 404, 409, 422, 503),
  },
})

const resume = createRoute({
  method: 'post',
  path: '/{name}/resume',
  ...shared,
  operationId: 'resumeSchedule',
  summary: 'Go on with the next slot',
  request: { params: one },
  responses: {
    200: json(scheduleSchema, 'The schedule after the change.'),
    ...problems(...guarded, 404, 409, 422, 503),
  },
})

const trigger = createRoute({
  method: 'post',
  path: '/{name}/trigger',
  ...shared,
  operationId: 'triggerSchedule',
  summary: 'Enqueue a job of it now, beside its slots',
  request: { params: one, headers: idempotencyHeader },
  responses: {
    202: json(triggeredSchema, 'The job is recorded.'),
    200: json(triggeredSchema, 'The job that an earlier request with this idempotency key has made.'),
    ...problems(400, ...guarded, 404, 409, 422, 503),
  },
})

export function schedulesApi({ schedules }: Pick<AdminEngine, 'schedules'>) {
  return describedApp()
    .openapi(list, async (c) => {
      const { schedules: records, missing } = await schedules.list()
      return c.json({ schedules: records.map(scheduleView), missing }, 200)
    })
    .openapi(get, async (c) => c.json(scheduleView(await schedules.get(c.req.valid('param').name)), 200))
    .openapi(pause, async (c) => {
      const { name } = c.req.valid('param')
      return c.json(scheduleView(await audited('pause-schedule', { schedule: name }, () => schedules.pause(name))), 200)
    })
    .openapi(resume, async (c) => {
      const { name } = c.req.valid('param')
      const act = () => schedules.resume(name)
      return c.json(scheduleView(await audited('resume-schedule', { schedule: name }, act)), 200)
    })
    .openapi(trigger, async (c) => {
      const { name } = c.req.valid('param')
      const key = c.req.valid('header')['idempotency-key']
      const act = () => schedules.trigger(name, key === undefined ? {} : { idempotencyKey: key })
      const job = await audited('trigger-schedule', { schedule: name }, act, ({ id }) => ({ job: id }))
      const { id, task, state, duplicate } = job
      if (!duplicate) return c.json({ id, task, state, duplicate }, 202)
      c.header('Idempotency-Replayed', 'true')
      return c.json({ id, task, state, duplicate }, 200)
    })
}

function scheduleView(record: ScheduleRecord): z.infer<typeof scheduleSchema> {
  const { name, task, shard, rule, catchUp, overlap, jitterMs, state, stopped, nextAt, next, history } = record
  return {
    name,
    task,
    shard,
    ...(rule && { rule: 'cron' in rule ? { cron: rule.cron, timezone: rule.timezone } : { everyMs: rule.everyMs } }),
    ...(catchUp !== undefined && { catchUp }),
    ...(overlap !== undefined && { overlap }),
    ...(jitterMs !== undefined && { jitterMs }),
    state,
    ...(stopped && { stopped }),
    ...(nextAt !== undefined && { nextAt: iso(nextAt) }),
    next: next.map(iso),
    history: history.map(({ slot, at, job, skipped, count, trigger }) => ({
      slot: iso(slot),
      at: iso(at),
      ...(job !== undefined && { job }),
      ...(skipped && { skipped }),
      ...(count !== undefined && { count }),
      ...(trigger && { trigger }),
    })),
  }
}
