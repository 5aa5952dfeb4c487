/** What was counted over time, as JSON. */
import { z } from '@hono/zod-openapi'
import { chartSpans } from '../../engine/index.ts'
import { missing, time } from './job.ts'

const counts = z.array(z.int()).readonly()
const histograms = z
  .array(counts)
  .readonly()
  .meta({ description: 'Attempts by bucket, for each step. Empty buckets at the end are left out.' })

const taskChartSchema = z
  .object({
    enqueued: counts,
    completed: counts,
    failed: counts.meta({ description: 'Attempts that failed, were rejected or lapsed.' }),
    expired: counts.meta({ description: 'Jobs that were not started in time.' }),
    queueMs: histograms,
    runMs: histograms,
  })
  .openapi('TaskChart')

export const chartsSchema = z
  .object({
    span: z.enum(chartSpans),
    stepSeconds: z.int(),
    from: time,
    to: time.meta({ description: 'The end of the last step, which is not over yet.' }),
    bucketEndsMs: counts.meta({ description: 'Upper ends of the buckets. One more bucket has no upper end.' }),
    tasks: z.record(z.string(), taskChartSchema),
    missing,
  })
  .openapi('Charts')
