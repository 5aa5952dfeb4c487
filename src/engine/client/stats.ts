/** The statistics of a deployment, as `chard.stats` shows them: what its ledgers have counted, added up. */
import { addedCharts } from '../ledger/commands/charts.ts'
import { bucketEndsMs } from '../ledger/domain/stats.ts'
import type { ShardMetrics, TaskChart } from '../ledger/protocol/shard.ts'
import { ChardError } from '../task/errors.ts'
import type { Platform } from '../task/platform.ts'
import type { Client } from './client.ts'
import type { Overview } from './overview.ts'

/** What `chard.stats` offers. A shard that does not answer is in `missing` of each answer. */
export interface Stats {
  /** Now: jobs by state, and the backlog, runners, wake-ups and alarm of every shard. */
  overview(): Promise<Overview>
  /**
   * What was counted of each task over the last hour, by minutes, or over the last day, by quarters of an hour: jobs
   * enqueued, how attempts ended, how long jobs were queued and ran.
   *
   *     const { tasks, stepSeconds } = await chard.stats.charts({ span: 'hour' })
   *
   * @throws ChardError `invalid-option`
   */
  charts(options: { readonly span: ChartSpan }): Promise<Charts>
  /** What was counted since the deployment began, in counters that never fall, beside what `overview` shows. */
  metrics(): Promise<Metrics>
}

export function statsOf(client: Client, platform: Pick<Platform, 'now'>): Stats {
  return {
    overview: () => client.overview(),
    charts: ({ span }) => readCharts(client, platform, span),
    metrics: () => readMetrics(client),
  }
}

/** An hour by minutes, or a day by quarters of an hour. */
export const chartSpans = ['hour', 'day'] as const
export type ChartSpan = (typeof chartSpans)[number]

/** What was counted, by steps of time. The last step is not over yet. Times in epoch milliseconds. */
export interface Charts {
  readonly span: ChartSpan
  readonly stepSeconds: number
  readonly from: number
  readonly to: number
  /** The upper ends of the histograms' buckets in milliseconds. One more bucket has no upper end. */
  readonly bucketEndsMs: readonly number[]
  readonly tasks: Readonly<Record<string, Omit<TaskChart, 'task'>>>
  /** Shards that did not answer: what they counted is left out. */
  readonly missing: readonly number[]
}

/** What metrics are made of. */
export interface Metrics {
  readonly shards: readonly ShardMetrics[]
  /** Shards that did not answer. */
  readonly missing: readonly number[]
}

const stepsOf: Readonly<Record<ChartSpan, { readonly stepMinutes: number; readonly steps: number }>> = {
  hour: { stepMinutes: 1, steps: 60 },
  day: { stepMinutes: 15, steps: 96 },
}

async function readCharts(client: Client, { now }: Pick<Platform, 'now'>, span: ChartSpan): Promise<Charts> {
  if (!chartSpans.includes(span))
    throw new ChardError('invalid-option', `span is ${JSON.stringify(span)}; it takes ${chartSpans.join(' or ')}`)
  const { stepMinutes, steps } = stepsOf[span]
  const stepMs = stepMinutes * 60_000
  const to = (Math.floor(now() / stepMs) + 1) * stepMs
  const from = to - steps * stepMs
  const request = { fromMinute: from / 60_000, stepMinutes, steps }
  const { answers, missing } = await client.all((ledger) => ledger.charts(request))
  const byTask = new Map<string, TaskChart>()
  for (const chart of answers.flatMap(({ tasks }) => tasks)) {
    const known = byTask.get(chart.task)
    byTask.set(chart.task, known ? addedCharts(known, chart) : chart)
  }
  const sorted = [...byTask].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    span,
    stepSeconds: stepMinutes * 60,
    from,
    to,
    bucketEndsMs,
    tasks: Object.fromEntries(sorted.map(([name, { task: _, ...chart }]) => [name, chart])),
    missing,
  }
}

async function readMetrics(client: Client): Promise<Metrics> {
  const { answers: shards, missing } = await client.all((ledger) => ledger.metrics())
  return { shards, missing }
}
