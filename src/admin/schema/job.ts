/** Jobs as JSON: their schemas, from which the API's document, the views' types and the typed client are made. */
import { z } from '@hono/zod-openapi'
import { failureReasons, jobStates } from '../../engine/index.ts'

export const time = z.string().meta({ format: 'date-time', example: '2026-11-22T12:00:00.000Z' })
export const jobId = z
  .string()
  .meta({ description: '`<shard>-<ulid>`. It cannot be guessed.', example: '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC' })

const progress = z
  .object({ value: z.number(), message: z.string().optional() })
  .meta({ description: '`value` from 0 to 1, and what it is doing.' })

const identity = {
  id: jobId,
  task: z.string().meta({ example: 'draw-avatar' }),
  state: z.enum(jobStates),
  reason: z.enum(failureReasons).optional().meta({ description: 'Why it failed.' }),
  attempt: z.int().meta({ description: 'Attempts that have begun.' }),
  maxAttempts: z.int(),
}

const times = {
  createdAt: time,
  dueAt: time.optional(),
  startedAt: time.optional(),
  finishedAt: time.optional(),
}

const deadline = {
  expiresAt: time.optional().meta({ description: 'The time by which it must start. Otherwise it fails.' }),
}

/** The part that all examples share. */
const started = {
  id: '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC',
  task: 'draw-avatar',
  attempt: 1,
  maxAttempts: 5,
  createdAt: '2026-11-22T12:00:00.000Z',
  startedAt: '2026-11-22T12:00:01.000Z',
}

/**
 * What callers with a job's URL see. Input, stack, logs, history, idempotency key and tags are left out, because they may hold
 * personal data or internals. So may the message and the name of what a handler threw, so `error` says in words of our own
 * what `reason` means. `output` and `progress` hold what the task chose to publish.
 */
export const publicJobSchema = z
  .object({
    ...identity,
    progress: progress.optional(),
    ...times,
    output: z.unknown().optional(),
    error: z.object({ message: z.string() }).optional(),
    url: z.string(),
  })
  .openapi('Job', {
    example: {
      ...started,
      state: 'running',
      progress: { value: 0.4, message: 'rendering 256 px' },
      url: `/jobs/${started.id}`,
    },
  })

/** How a job is found and ordered. */
const filing = {
  priority: z.int(),
  tags: z.array(z.string()).readonly(),
  idempotencyKey: z.string().optional(),
  partition: z.string().optional(),
  schedule: z.object({ name: z.string(), slot: time }).optional(),
  after: jobId.optional().meta({ description: 'The job it waits for.' }),
  trace: z.string().optional().meta({ description: 'One id for everything that one request led to.' }),
  progress: progress.optional(),
}

const seenInput = {
  input: z.unknown().optional().meta({ description: 'What the task lets operators see of its input.' }),
  redacted: z.literal(true).optional().meta({ description: 'The input, or part of it, is hidden.' }),
}

/** A job in a list. Messages and outputs may hold personal data, and are in the view of a single job only. */
export const jobSummarySchema = z
  .object({
    ...identity,
    ...filing,
    ...times,
    ...deadline,
    ...seenInput,
    error: z.object({ name: z.string(), code: z.string().optional() }).optional(),
  })
  .openapi('JobSummary')

const jobError = z.object({
  name: z.string(),
  message: z.string(),
  stack: z.string().optional(),
  code: z.string().optional(),
})

/** Everything that is recorded, except for what the task redacts. */
export const jobDetailSchema = z
  .object({
    ...identity,
    ...filing,
    ...times,
    ...deadline,
    ...seenInput,
    output: z.unknown().optional(),
    error: jobError.optional(),
    history: z.array(
      z.object({
        attempt: z.int(),
        startedAt: time,
        endedAt: time,
        outcome: z.enum(['completed', 'failed', 'snoozed', 'rejected', 'cancelled', 'lapsed']),
        error: jobError.optional(),
        log: z.array(z.object({ at: time, message: z.string() })).optional(),
      }),
    ),
  })
  .openapi('JobDetail', {
    example: {
      ...started,
      state: 'completed',
      priority: 0,
      tags: [],
      idempotencyKey: 'avatar:123',
      finishedAt: '2026-11-22T12:00:02.000Z',
      input: { userId: 123 },
      output: { sizes: [64, 256, 512] },
      history: [],
    },
  })

export const missing = z
  .array(z.int())
  .readonly()
  .meta({ description: 'Shards that did not answer. With any, the answer is incomplete.', example: [] })

export const jobListSchema = z
  .object({
    jobs: z.array(jobSummarySchema),
    cursor: z.string().optional().meta({ description: 'Present when there may be more: pass it on.' }),
    missing,
  })
  .openapi('JobList')
