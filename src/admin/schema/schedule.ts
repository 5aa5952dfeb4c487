/** Schedules as JSON. */
import { z } from '@hono/zod-openapi'
import { skipReasons } from '../../engine/index.ts'
import { jobId, missing, time } from './job.ts'

export const scheduleSchema = z
  .object({
    name: z.string().meta({ example: 'nightly-report' }),
    task: z.string(),
    shard: z.int(),
    rule: z
      .union([z.object({ cron: z.string(), timezone: z.string() }), z.object({ everyMs: z.int() })])
      .optional()
      .meta({ description: 'This and the next three fields are absent when the code no longer defines the schedule.' }),
    catchUp: z.string().optional().meta({ example: 'latest' }),
    overlap: z.string().optional().meta({ example: 'skip' }),
    jitterMs: z.int().optional(),
    state: z
      .enum(['active', 'paused', 'stopped'])
      .meta({ description: '`paused` by a person, `stopped` by the code.' }),
    stopped: z.enum(['removed', 'unknown-task']).optional(),
    nextAt: time.optional(),
    next: z.array(time).meta({ description: 'The coming slots.' }),
    history: z
      .array(
        z.object({
          slot: time,
          at: time,
          job: jobId.optional(),
          skipped: z.enum(skipReasons).optional(),
          count: z.int().optional(),
          trigger: z.literal(true).optional(),
        }),
      )
      .meta({ description: 'The newest first.' }),
  })
  .openapi('Schedule')

export const scheduleListSchema = z.object({ schedules: z.array(scheduleSchema), missing }).openapi('ScheduleList')

export const triggeredSchema = z
  .object({ id: jobId, task: z.string(), state: z.string(), duplicate: z.boolean() })
  .openapi('TriggeredJob')
