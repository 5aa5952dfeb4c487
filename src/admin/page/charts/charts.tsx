/** The four charts of a deployment or of one task, over an hour or a day. */
import { useMemo } from 'preact/hooks'
import { type Resource, useCharts } from '../api/use.ts'
import type { Charts } from '../api/wire.ts'
import { count, duration, rate } from '../health/time.ts'
import { Empty, Missing, Waiting } from '../shell/empty.tsx'
import type { Span } from '../shell/route.ts'
import { Chart, type Line } from './chart.tsx'
import { periodStatsOf, seriesOf } from './series.ts'

interface ChartsProps {
  readonly span: Span
  readonly task?: string | undefined
  /** The link to the other span. */
  readonly hrefOf: (span: Span) => string
}

const spans = { hour: { title: 'Last hour', minutes: 60 }, day: { title: 'Last day', minutes: 24 * 60 } }

export function ChartsOf({ span, task, hrefOf }: ChartsProps) {
  const charts = useCharts(span)
  return (
    <section class="card" aria-labelledby="charts">
      <div class="card-head">
        <h2 id="charts">Activity</h2>
        <nav class="segments" aria-label="Time shown">
          {(['hour', 'day'] as const).map((one) => (
            <a key={one} href={hrefOf(one)} aria-current={one === span ? 'true' : undefined}>
              {spans[one].title}
            </a>
          ))}
        </nav>
      </div>
      <Body charts={charts} span={span} task={task} />
      <Missing shards={charts.data?.missing} />
    </section>
  )
}

function Body({ charts, span, task }: { charts: Resource<Charts>; span: Span; task: string | undefined }) {
  const { data } = charts
  const series = useMemo(() => data && seriesOf(data, task), [data, task])
  const lines = useMemo(() => series && linesOf(series), [series])
  if (!data || !series || !lines)
    return <Waiting of={charts} absent="This engine keeps no figures over time" lines={6} />
  const sums = periodStatsOf(data, spans[span].minutes, task)
  if (sums.enqueued + sums.completed + sums.failed === 0) {
    return <Empty title={`Nothing happened in the ${spans[span].title.toLowerCase()}`} />
  }
  const per = data.stepSeconds === 60 ? 'a minute' : `in ${data.stepSeconds / 60} minutes`
  const { times } = series
  return (
    <div class="charts">
      <Chart
        title={`Throughput, ${per}`}
        summary={`${count(sums.completed)} completed, ${count(sums.enqueued)} enqueued`}
        times={times}
        lines={lines.throughput}
        format={rate}
      />
      <Chart
        title={`Failed attempts, ${per}`}
        summary={sums.failed === 0 ? 'none' : `${count(sums.failed)} of ${count(sums.failed + sums.completed)}`}
        times={times}
        lines={lines.failures}
        format={rate}
      />
      <Chart
        title="Time queued"
        summary={between(sums.queueP50, sums.queueP95)}
        times={times}
        lines={lines.queue}
        format={duration}
      />
      <Chart
        title="Time run"
        summary={between(sums.runP50, sums.runP95)}
        times={times}
        lines={lines.run}
        format={duration}
      />
    </div>
  )
}

function linesOf({ enqueued, completed, failed, queue, run }: ReturnType<typeof seriesOf>) {
  const percentiles = ({ p50, p95 }: typeof queue): Line[] => [
    { label: 'p50', values: p50, colour: 'running', kind: 'line' },
    { label: 'p95', values: p95, colour: 'scheduled', kind: 'dashes' },
  ]
  const throughput: Line[] = [
    { label: 'completed', values: completed, colour: 'completed-soft', kind: 'bars' },
    { label: 'enqueued', values: enqueued, colour: 'ink', kind: 'line' },
  ]
  const failures: Line[] = [{ label: 'failed', values: failed, colour: 'failed', kind: 'bars' }]
  return { throughput, failures, queue: percentiles(queue), run: percentiles(run) }
}

function between(p50: number | undefined, p95: number | undefined): string {
  if (p50 === undefined || p95 === undefined) return 'nothing to tell'
  return `half under ${upTo(p50)}, 95 % under ${upTo(p95)}`
}

/** Of a percentile over the last upper end, only that is known. */
export function upTo(ms: number | undefined): string {
  if (ms === undefined) return '–'
  return Number.isFinite(ms) ? duration(ms) : 'over an hour'
}
