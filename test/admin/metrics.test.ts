/** What the metrics say, and what they never do. The end-to-end tests let Prometheus' own parser read them. */
import { describe, expect, test } from 'vitest'
import { metricsText } from '../../src/admin/metrics.ts'
import { bucketEndsMs, type Counters, jobStates, type Metrics } from '../../src/engine/index.ts'

const now = 1_900_000_000_000

function counters(more: Partial<Counters> = {}): Counters {
  const costs = { rowsRead: 100, rowsWritten: 10, wakeUps: 3, wakeUpsLate: 2, wakeUpsResent: 1 }
  return {
    enqueued: 7,
    ended: { completed: 4, failed: 2, expired: 1 },
    failed: { exhausted: 1 },
    errors: { Error: 2 },
    queue: { buckets: [1, 2], sumMs: 60 },
    run: { buckets: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], sumMs: 4_000_000 },
    costs,
    ...more,
  }
}

function shardOf(shard: number, more: Partial<Metrics['shards'][number]> = {}): Metrics['shards'][number] {
  const states = Object.fromEntries(jobStates.map((state, index) => [state, index])) as never
  return {
    shard,
    states,
    runners: 1,
    wakeUps: { unanswered: 0, resent: 0 },
    tasks: { send: states },
    settings: 0,
    bytes: 4_096,
    counters: [{ task: 'send', counters: counters() }],
    ...more,
  }
}

const textOf = (metrics: Partial<Metrics>, served = ['send']) =>
  metricsText({ shards: [shardOf(0), shardOf(1)], missing: [], ...metrics }, served, now)
const lines = (text: string, start: string) => text.split('\n').filter((line) => line.startsWith(start))

describe('metrics', () => {
  test('are sums over the shards, or one value for each shard', () => {
    const text = textOf({ shards: [shardOf(0, { oldestReadyAt: now - 90_000 }), shardOf(1)] })
    expect(lines(text, 'chard_enqueued_total')).toEqual(['chard_enqueued_total{task="send"} 14'])
    expect(lines(text, 'chard_attempts_total')).toEqual([
      'chard_attempts_total{task="send",outcome="completed"} 8',
      'chard_attempts_total{task="send",outcome="failed"} 4',
    ])
    expect(lines(text, 'chard_errors_total')).toEqual(['chard_errors_total{task="send",error="Error"} 4'])
    expect(lines(text, 'chard_jobs_failed_total')).toEqual([
      'chard_jobs_failed_total{task="send",reason="exhausted"} 2',
    ])
    expect(lines(text, 'chard_rows_written_total')).toEqual(['chard_rows_written_total 20'])
    expect(lines(text, 'chard_jobs{')).toEqual(
      jobStates.map((state, index) => `chard_jobs{task="send",state="${state}"} ${2 * index}`),
    )
    expect(lines(text, 'chard_oldest_ready_age_seconds')).toEqual([
      'chard_oldest_ready_age_seconds{shard="0"} 90',
      'chard_oldest_ready_age_seconds{shard="1"} 0',
    ])
  })

  test('give histograms cumulative buckets in seconds', () => {
    const text = textOf({})
    const buckets = lines(text, 'chard_queue_seconds_bucket')
    expect(buckets).toHaveLength(bucketEndsMs.length + 1)
    expect(buckets.slice(0, 3)).toEqual([
      'chard_queue_seconds_bucket{task="send",le="0.01"} 2',
      'chard_queue_seconds_bucket{task="send",le="0.05"} 6',
      'chard_queue_seconds_bucket{task="send",le="0.1"} 6',
    ])
    expect(lines(text, 'chard_run_seconds').slice(-4)).toEqual([
      'chard_run_seconds_bucket{task="send",le="3600.0"} 0',
      'chard_run_seconds_bucket{task="send",le="+Inf"} 2',
      'chard_run_seconds_count{task="send"} 2',
      'chard_run_seconds_sum{task="send"} 8000',
    ])
  })

  test('leave counters out while a shard is missing: a sum without it would look like a restart', () => {
    const text = textOf({ missing: [3] })
    expect(lines(text, 'chard_shards_missing')).toEqual(['chard_shards_missing 1'])
    expect(text).not.toMatch(/_total|_bucket/)
  })

  test('have a bounded number of labels, because tasks that are not served are counted together', () => {
    const named = Array.from({ length: 300 }, (_, n) => `task-${n}`)
    const shard = shardOf(0, {
      tasks: Object.fromEntries(named.map((task) => [task, shardOf(0).states])),
      counters: [...named, 'constructor', 'gone'].map((task) => ({ task, counters: counters() })),
    })
    const enqueued = lines(textOf({ shards: [shard] }, named), 'chard_enqueued_total')
    expect(enqueued).toHaveLength(101)
    expect(enqueued[0]).toBe('chard_enqueued_total{task="other"} 1414')
    expect(lines(textOf({ shards: [shard] }, []), 'chard_enqueued_total')).toEqual([
      'chard_enqueued_total{task="other"} 2114',
    ])
  })

  test('escape what a name may hold, and end as the format says', () => {
    const errors = { 'a"b\\c\nd': 1 }
    const text = textOf({ shards: [shardOf(0, { counters: [{ task: 'send', counters: counters({ errors }) }] })] })
    expect(text).toContain('error="a\\"b\\\\c\\nd"')
    expect(text.endsWith('\n# EOF\n')).toBe(true)
  })
})
