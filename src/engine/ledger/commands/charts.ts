/** The verbs that read the tallies: for charts by steps of time, for metrics and for a guess from the beginning. */

import { addedBuckets, addedSums, isMostlyLonger, noSums, type Sums, storedSums } from '../domain/stats.ts'
import type { ChartsReply, ChartsRequest, TaskChart, TaskTotals } from '../protocol/protocol.ts'
import type { CoreParts } from '../transaction/context.ts'
import { wakeUpPatienceMs } from '../transaction/transaction.ts'

/** What is asked for at once: a day of minutes. Each reads a row a task. */
const minutesMax = 24 * 60

/** Sums by step and task, what is not flushed included. Reads a row a task and minute, of those there are. */
export function charts(
  { tallyRows, tallies }: CoreParts,
  { fromMinute, stepMinutes, steps }: ChartsRequest,
): ChartsReply {
  const to = fromMinute + Math.min(stepMinutes * steps, minutesMax)
  const byTask = new Map<string, Sums[]>()
  const add = (task: string, minute: number, sums: Sums) => {
    if (minute < fromMinute || minute >= to) return
    const own = byTask.get(task) ?? Array.from({ length: steps }, noSums)
    const step = Math.floor((minute - fromMinute) / stepMinutes)
    own[step] = addedSums(own[step] ?? noSums(), sums)
    byTask.set(task, own)
  }
  for (const { task, minute, sums } of tallyRows.between(fromMinute, to)) add(task, minute, storedSums(sums))
  for (const { task, minute, sums } of tallies.open()) add(task, minute, sums)
  return { tasks: [...byTask].map(([task, sums]) => chartOf(task, sums)) }
}

/**
 * What was counted since the ledger began, as far as it is on disk: a number that was told is never taken back by a
 * restart. Reads two rows a task.
 */
export function totals({ tallyRows }: CoreParts): TaskTotals[] {
  return tallyRows.totals().map(({ task, totals }) => ({ task, totals: storedSums(totals) }))
}

/** True when a job of one of these tasks mostly runs on while the alarm looks after its wake-up. Reads a row a task. */
export function lastsLong({ tallyRows }: CoreParts, jobs: readonly { readonly task: string }[]): boolean {
  const tasks = new Set(jobs.map(({ task }) => task))
  return [...tasks].some((task) => isMostlyLonger(storedSums(tallyRows.newest(task)?.totals).run, wakeUpPatienceMs))
}

function chartOf(task: string, sums: readonly Sums[]): TaskChart {
  const ended = (...outcomes: (keyof Sums['ended'])[]) =>
    sums.map((one) => outcomes.reduce((sum, outcome) => sum + (one.ended[outcome] ?? 0), 0))
  return {
    task,
    enqueued: sums.map(({ enqueued }) => enqueued),
    completed: ended('completed'),
    failed: ended('failed', 'lapsed', 'rejected'),
    expired: ended('expired'),
    queueMs: sums.map(({ queue }) => queue.buckets),
    runMs: sums.map(({ run }) => run.buckets),
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
