/** The deployment as JSON: overview, settings, tasks and their limits, bulk actions. */
import { z } from '@hono/zod-openapi'
import { jobStates } from '../../engine/index.ts'
import { duration } from './duration.ts'
import { missing, time } from './job.ts'

export const counts = z.object(
  Object.fromEntries(jobStates.map((state) => [state, z.int()])) as Record<(typeof jobStates)[number], z.ZodInt>,
)

export const overviewSchema = z
  .object({
    states: counts.meta({ description: 'Recorded jobs by state.' }),
    shards: z.array(
      z.object({
        shard: z.int(),
        states: counts,
        oldestReadyAt: time.optional().meta({ description: 'When the longest-waiting job became ready.' }),
        runners: z.int(),
        wakeUps: z.object({ unanswered: z.int(), resent: z.int() }),
        alarmAt: time.optional(),
        settings: z.int().meta({ description: 'The version of its settings.' }),
        bytes: z.number(),
        halted: z.literal(true).optional(),
      }),
    ),
    missing,
  })
  .openapi('Overview')

export const haltResultSchema = z.object({ missing }).openapi('HaltResult')

const rateLimit = z.strictObject({ limit: z.int().min(1), per: duration })

const limitKinds = {
  rateLimit: rateLimit.optional(),
  concurrency: z.int().min(1).optional(),
}

/** Only kinds of limits that the task's code declares. */
export const limitsSchema = z
  .strictObject({ ...limitKinds, perPartition: z.strictObject(limitKinds).optional() })
  .openapi('Limits', { example: { rateLimit: { limit: 10, per: '1m' }, concurrency: 2 } })

export const settingsSchema = z
  .object({
    version: z.int(),
    paused: z.boolean(),
    draining: z.boolean(),
    tasks: z.record(
      z.string(),
      z.object({
        paused: z.literal(true).optional(),
        draining: z.literal(true).optional(),
        limits: limitsSchema.optional(),
      }),
    ),
  })
  .openapi('Settings')

const result = { settings: settingsSchema, missing }

export const settingsResultSchema = z
  .object(result)
  .openapi('SettingsResult', { description: 'What is set now. The shards in `missing` are told within a minute.' })

export const drainResultSchema = z
  .object({ ...result, left: z.int().meta({ description: 'Jobs that are not final yet.' }) })
  .openapi('DrainResult')

export const taskSchema = z
  .object({
    name: z.string(),
    served: z.boolean().meta({ description: 'False when jobs are recorded of it and the code no longer serves it.' }),
    policy: z.object({ maxAttempts: z.int(), timeoutMs: z.int(), retentionMs: z.int().optional() }).optional(),
    limits: z.object({ code: limitsSchema, now: limitsSchema }),
    paused: z.boolean(),
    draining: z.boolean(),
    counts,
  })
  .openapi('Task')

export const taskListSchema = z.object({ tasks: z.array(taskSchema), missing }).openapi('TaskList')

export const bulkSchema = z
  .object({
    id: z.string(),
    action: z.enum(['cancel', 'redrive']),
    state: z.enum(['running', 'done']),
    looked: z.int().meta({ description: 'Jobs looked at so far.' }),
    changed: z.int().meta({ description: 'Jobs changed so far.' }),
    missing,
  })
  .openapi('BulkProgress')
