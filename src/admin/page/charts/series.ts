/** The charts of the API as lines to draw: summed over tasks, or of one task. Pure. */
import type { Charts, TaskChart } from '../api/wire.ts'
import { added, percentile, total } from './percentiles.ts'

export interface Series {
  /** Beginnings of the steps, in epoch seconds. */
  readonly times: readonly number[]
  readonly enqueued: readonly number[]
  readonly completed: readonly number[]
  /** Attempts that failed, and jobs that expired. */
  readonly failed: readonly number[]
  readonly queue: Percentiles
  readonly run: Percentiles
}

/** One value for each step; null where nothing happened. */
export interface Percentiles {
  readonly p50: readonly (number | null)[]
  readonly p95: readonly (number | null)[]
}

/** What happened in a period of time. */
export interface PeriodStats {
  readonly minutes: number
  readonly enqueued: number
  readonly completed: number
  readonly failed: number
  readonly queueP50: number | undefined
  readonly queueP95: number | undefined
  readonly runP50: number | undefined
  readonly runP95: number | undefined
}

export function seriesOf(charts: Charts, task?: string): Series {
  const tasks = chosen(charts, task)
  const steps = stepsOf(charts)
  const from = Date.parse(charts.from) / 1_000
  const sum = (read: (one: TaskChart) => readonly number[]) =>
    steps.map((step) => tasks.reduce((all, one) => all + (read(one)[step] ?? 0), 0))
  return {
    times: steps.map((step) => from + step * charts.stepSeconds),
    enqueued: sum(({ enqueued }) => enqueued),
    completed: sum(({ completed }) => completed),
    failed: sum(failures),
    queue: percentilesOf(charts, (step) => tasks.map(({ queueMs }) => queueMs[step] ?? [])),
    run: percentilesOf(charts, (step) => tasks.map(({ runMs }) => runMs[step] ?? [])),
  }
}

/** @param minutes how far back from the end of the charts */
export function periodStatsOf(charts: Charts, minutes: number, task?: string): PeriodStats {
  const tasks = chosen(charts, task)
  const count = Math.ceil((minutes * 60) / charts.stepSeconds)
  const steps = stepsOf(charts).slice(-count)
  const sum = (read: (one: TaskChart) => readonly number[]) =>
    tasks.reduce((all, one) => all + total(steps.map((step) => read(one)[step] ?? 0)), 0)
  const histogram = (read: (one: TaskChart) => readonly (readonly number[])[]) =>
    added(
      tasks.flatMap((one) => steps.map((step) => read(one)[step] ?? [])),
      charts.bucketEndsMs.length + 1,
    )
  const [queue, run] = [histogram(({ queueMs }) => queueMs), histogram(({ runMs }) => runMs)]
  const at = (buckets: readonly number[], p: number) => percentile(buckets, charts.bucketEndsMs, p)
  return {
    minutes: (steps.length * charts.stepSeconds) / 60,
    enqueued: sum(({ enqueued }) => enqueued),
    completed: sum(({ completed }) => completed),
    failed: sum(failures),
    queueP50: at(queue, 0.5),
    queueP95: at(queue, 0.95),
    runP50: at(run, 0.5),
    runP95: at(run, 0.95),
  }
}

/** The failures of each step, of every kind. */
export function failures({ failed, expired }: TaskChart): number[] {
  return failed.map((count, step) => count + (expired[step] ?? 0))
}

function chosen({ tasks }: Charts, task: string | undefined): TaskChart[] {
  if (task === undefined) return Object.values(tasks)
  const one = tasks[task]
  return one ? [one] : []
}

function stepsOf({ from, to, stepSeconds }: Charts): number[] {
  const length = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1_000 / stepSeconds))
  return Array.from({ length }, (_, step) => step)
}

function percentilesOf(charts: Charts, histograms: (step: number) => (readonly number[])[]): Percentiles {
  const ends = charts.bucketEndsMs
  const last = ends.at(-1) ?? 0
  const sums = stepsOf(charts).map((step) => added(histograms(step), ends.length + 1))
  // A value over the last upper end is drawn at that end, because a line needs a height.
  const line = (p: number) =>
    sums.map((sum) => {
      const value = percentile(sum, ends, p)
      return value === undefined ? null : Math.min(value, last)
    })
  return { p50: line(0.5), p95: line(0.95) }
}
