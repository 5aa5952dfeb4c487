/**
 * Turns what the ledgers have counted into metrics. Pure: the answers of the ledgers go in, text comes out.
 *
 * - Labels are bounded: up to 100 tasks that the code serves, and one label for all others.
 * - Counters come from disk and never fall. When a shard is missing they are left out: a sum without it would look like a
 *   restart, and the next sum with it like a burst.
 */
import { bucketEndsMs, type Counters, type Histogram, jobStates, type Metrics } from '../engine/index.ts'
import { type Distribution, OpenMetrics } from './open-metrics.ts'

/** Tasks with a label of their own. */
const tasksMax = 100
const otherTasks = 'other'

/** @param served the names of the tasks that the code serves */
export function metricsText({ shards, missing }: Metrics, served: readonly string[], now: number): string {
  const named = new Set([...served].sort().slice(0, tasksMax))
  const labelOf = (task: string) => (named.has(task) ? task : otherTasks)
  const out = new OpenMetrics()
  out
    .gauge('chard_jobs', 'Recorded jobs.', jobSamples(shards, labelOf))
    .gauge(
      'chard_oldest_ready_age_seconds',
      'How long the longest-waiting job has been ready.',
      shards.map(({ shard, oldestReadyAt }) => [{ shard }, Math.max(0, now - (oldestReadyAt ?? now)) / 1_000]),
    )
    .gauge('chard_runners', 'Runners at work.', ofShards(shards, 'runners'))
    .gauge(
      'chard_wake_ups_unanswered',
      'Wake-ups that are sent and not answered yet.',
      shards.map(({ shard, wakeUps }) => [{ shard }, wakeUps.unanswered]),
    )
    .gauge(
      'chard_wake_ups_without_progress',
      'Wake-ups in a row that have led to no progress.',
      shards.map(({ shard, wakeUps }) => [{ shard }, wakeUps.resent]),
    )
    .gauge(
      'chard_halted',
      'Whether the kill switch is on.',
      shards.map(({ shard, halted }) => [{ shard }, halted ? 1 : 0]),
    )
    .gauge(
      'chard_ledger_size_bytes',
      'The size of a ledger.',
      shards.map(({ shard, bytes }) => [{ shard }, bytes]),
    )
    .gauge('chard_shards_missing', 'Shards that did not answer. With any, counters are left out.', [
      [{}, missing.length],
    ])
  if (missing.length === 0) counters(out, shards, labelOf)
  return out.text()
}

function counters(out: OpenMetrics, shards: Metrics['shards'], labelOf: (task: string) => string): void {
  const all = shards.flatMap(({ counters }) => counters)
  const byTask = Map.groupBy(all, ({ task }) => labelOf(task))
  const totalsOf = (task: string) => (byTask.get(task) ?? []).map(({ counters }) => counters)
  const tasks = [...byTask.keys()].sort()
  const counted = (label: string, of: (counters: Counters) => Readonly<Record<string, number | undefined>>) =>
    tasks.flatMap((task) => {
      const sums = new Map<string, number>()
      for (const counters of totalsOf(task))
        for (const [name, n = 0] of Object.entries(of(counters))) sums.set(name, (sums.get(name) ?? 0) + n)
      return [...sums].map(([name, n]) => [{ task, [label]: name }, n] as const)
    })
  const distributed = (of: (counters: Counters) => Histogram) =>
    tasks.map((task) => [{ task }, distribution(totalsOf(task).map(of))] as const)
  const spent = (name: keyof Counters['costs']) => sum(all.map(({ counters }) => counters.costs[name]))
  out
    .counter(
      'chard_enqueued',
      'Jobs recorded.',
      tasks.map((task) => [{ task }, sum(totalsOf(task).map(({ enqueued }) => enqueued))]),
    )
    .counter(
      'chard_attempts',
      'Ended attempts, by outcome.',
      counted('outcome', ({ ended: { expired: _, ...attempts } }) => attempts),
    )
    .counter(
      'chard_jobs_failed',
      'Jobs that have failed for good, by reason.',
      counted('reason', ({ failed }) => failed),
    )
    .counter(
      'chard_errors',
      'Attempts that failed, by the name of what was thrown.',
      counted('error', ({ errors }) => errors),
    )
    .histogram(
      'chard_queue_seconds',
      'How long jobs were ready before they started.',
      distributed(({ queue }) => queue),
    )
    .histogram(
      'chard_run_seconds',
      'How long attempts ran.',
      distributed(({ run }) => run),
    )
    .counter('chard_wake_ups', 'Wake-ups sent.', [[{}, spent('wakeUps')]])
    .counter('chard_wake_ups_late', 'Times that a wake-up was found unanswered.', [[{}, spent('wakeUpsLate')]])
    .counter('chard_wake_ups_resent', 'Wake-ups sent again.', [[{}, spent('wakeUpsResent')]])
    .counter('chard_rows_read', 'Rows that ledgers have read.', [[{}, spent('rowsRead')]])
    .counter('chard_rows_written', 'Rows that ledgers have written, without those of alarms.', [
      [{}, spent('rowsWritten')],
    ])
}

function jobSamples(shards: Metrics['shards'], labelOf: (task: string) => string) {
  const all = shards.flatMap(({ tasks }) => Object.entries(tasks))
  return [...Map.groupBy(all, ([task]) => labelOf(task))]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([task, counts]) =>
      jobStates.map((state) => [{ task, state }, sum(counts.map(([, states]) => states[state]))] as const),
    )
}

function ofShards(shards: Metrics['shards'], name: 'runners') {
  return shards.map((one) => [{ shard: one.shard }, one[name]] as const)
}

function distribution(histograms: readonly Histogram[]): Distribution {
  const counts = Array.from({ length: bucketEndsMs.length + 1 }, (_, index) =>
    sum(histograms.map(({ buckets }) => buckets[index] ?? 0)),
  )
  return { ends: bucketEndsMs.map((ms) => ms / 1_000), counts, sum: sum(histograms.map(({ sumMs }) => sumMs)) / 1_000 }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}
