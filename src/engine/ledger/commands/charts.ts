/** The verbs that read the tallies: for charts by steps of time, for metrics and for a guess from the beginning. */

import { addedBuckets, addedStats, isMostlyLonger, noStats, parsedStats, type Stats } from '../domain/stats.ts'
import type { ChartsReply, ChartsRequest, TaskChart, TaskCounters } from '../protocol/protocol.ts'
import type { Context } from '../transaction/context.ts'
import { wakeUpTimeoutMs } from '../transaction/transaction.ts'

/** What is asked for at once: a day of minutes. Each reads a row a task. */
const minutesMax = 24 * 60

/** Sums by step and task, what is not flushed included. Reads a row a task and minute, of those there are. */
export function charts(
  { statsRows, minuteStats }: Context,
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
  for (const { task, minute, stats } of minuteStats.open()) add(task, minute, stats)
  return { tasks: [...byTask].map(([task, stats]) => chartOf(task, stats)) }
}

/**
 * What was counted since the ledger began, as far as it is on disk: a number that was told is never taken back by a
 * restart. Reads two rows a task.
 */
export function counters({ statsRows }: Context): TaskCounters[] {
  return statsRows.counters().map(({ task, counters }) => ({ task, counters: parsedStats(counters) }))
}

/** True when a job of one of these tasks mostly runs on while the alarm looks after its wake-up. Reads a row a task. */
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

/** The same task on two shards, as one. */
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
