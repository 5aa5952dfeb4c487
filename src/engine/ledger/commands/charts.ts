/** What reads the stats of tasks: charts by steps of time, counters for metrics, and a guess from both. */
import { addedBuckets, addedStats, isMostlyLonger, noStats, parsedStats } from '../domain/stats.ts'
import { wakeUpTimeoutMs } from '../domain/timeouts.ts'
import type { ChartsReply, ChartsRequest, TaskChart, TaskCounters } from '../protocol/shard.ts'
import type { Stats } from '../protocol/stats.ts'
import type { Context } from '../transaction/context.ts'

/** Minutes in one answer: a day. Each reads a row a task. */
const minutesMax = 24 * 60

/** Stats by step and task, those in memory included. Reads a row for each task and minute that has one. */
export function charts(
  { statsRows, stats: inMemory }: Context,
  _now: number,
  { fromMinute, stepMinutes, steps }: ChartsRequest,
): ChartsReply {
  const to = fromMinute + Math.min(stepMinutes * steps, minutesMax)
  const byTask = new Map<string, Stats[]>()
  const add = (task: string, minute: number, stats: Stats) => {
    if (minute < fromMinute || minute >= to) return
    const own = byTask.get(task) ?? Array.from({ length: steps }, noStats)
    const step = Math.floor((minute - fromMinute) / stepMinutes)
    own[step] = addedStats(own[step] ?? noStats(), stats)
    byTask.set(task, own)
  }
  for (const { task, minute, stats } of statsRows.between(fromMinute, to)) add(task, minute, parsedStats(stats))
  for (const { task, minute, stats } of inMemory.open()) add(task, minute, stats)
  return { tasks: [...byTask].map(([task, stats]) => chartOf(task, stats)) }
}

/**
 * What was counted since the ledger began, as far as it is on disk: a restart never takes back a number that was answered. Reads
 * two rows a task.
 */
export function counters({ statsRows }: Context): TaskCounters[] {
  return statsRows.counters().map(({ task, counters }) => ({ task, counters: parsedStats(counters) }))
}

/** True when a job of one of these tasks mostly runs for longer than a wake-up may be unanswered. Reads a row a task. */
export function lastsLong({ statsRows }: Context, jobs: readonly { readonly task: string }[]): boolean {
  const tasks = new Set(jobs.map(({ task }) => task))
  return [...tasks].some((task) => isMostlyLonger(parsedStats(statsRows.newest(task)?.counters).run, wakeUpTimeoutMs))
}

function chartOf(task: string, stats: readonly Stats[]): TaskChart {
  const ended = (...outcomes: (keyof Stats['ended'])[]) =>
    stats.map((one) => outcomes.reduce((sum, outcome) => sum + (one.ended[outcome] ?? 0), 0))
  return {
    task,
    enqueued: stats.map(({ enqueued }) => enqueued),
    completed: ended('completed'),
    failed: ended('failed', 'lapsed', 'rejected'),
    expired: ended('expired'),
    queueMs: stats.map(({ queue }) => queue.buckets),
    runMs: stats.map(({ run }) => run.buckets),
  }
}

/** The charts of one task on two shards, put together. */
export function addedCharts(a: TaskChart, b: TaskChart): TaskChart {
  const histograms = (one: TaskChart['queueMs'], other: TaskChart['queueMs']) =>
    one.map((buckets, step) => addedBuckets(buckets, other[step] ?? []))
  return {
    task: a.task,
    enqueued: addedBuckets(a.enqueued, b.enqueued),
    completed: addedBuckets(a.completed, b.completed),
    failed: addedBuckets(a.failed, b.failed),
    expired: addedBuckets(a.expired, b.expired),
    queueMs: histograms(a.queueMs, b.queueMs),
    runMs: histograms(a.runMs, b.runMs),
  }
}
