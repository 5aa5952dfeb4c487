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
        oldestReadyAt: time.optional().meta({ description: 'When the job that has waited longest became ready.' }),
        runners: z.int(),
        wakeUps: z.object({ unanswered: z.int(), resent: z.int() }),
        alarmAt: time.optional(),
        tasks: z.record(z.string(), counts).meta({ description: 'Recorded jobs by task and state.' }),
        settings: z.int().meta({ description: 'The version of the settings it has.' }),
        bytes: z.number(),
        halted: z.literal(true).optional(),
      }),
    ),
    missing,
  })
  .openapi('Overview')

export const heardSchema = z.object({ missing }).openapi('Heard')

const rateLimit = z.strictObject({ limit: z.int().min(1), per: duration })

const limitKinds = {
  rateLimit: rateLimit.optional(),
  concurrency: z.int().min(1).optional(),
}

/** Only kinds that the task's code declares. */
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

const steered = { settings: settingsSchema, missing }

export const steeredSchema = z
  .object(steered)
  .openapi('Steered', { description: 'What holds now. The shards in `missing` hear of it within a minute.' })

export const drainedSchema = z
  .object({ ...steered, left: z.int().meta({ description: 'Jobs that are not final yet.' }) })
  .openapi('Drained')

export const taskSchema = z
  .object({
    name: z.string(),
    served: z.boolean().meta({ description: 'False: jobs are recorded of it, and the code no longer knows it.' }),
    timeoutMs: z.int().optional(),
    retry: z
      .object({
        maxAttempts: z.int(),
        backoff: z.union([z.enum(['exponential', 'linear', 'fixed']), z.array(z.number()).readonly()]),
        delayMs: z.number(),
        maxDelayMs: z.number(),
        jitter: z.enum(['full', 'none']),
      })
      .optional(),
    limits: limitsSchema.optional().meta({ description: 'What the code declares.' }),
    limitsNow: limitsSchema.optional().meta({ description: 'What holds in its place.' }),
    paused: z.boolean(),
    draining: z.boolean(),
    states: counts,
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
