import { describe, expect, test } from 'vitest'
import type { Charts } from '../../../src/admin/page/api/wire.ts'
import { periodStatsOf, seriesOf } from '../../../src/admin/page/charts/series.ts'
import { ruleWords } from '../../../src/admin/page/schedules/rule.ts'
import { limitFields, limitsOf, limitWords } from '../../../src/admin/page/tasks/limits.ts'

describe('limits', () => {
  test('are read in words', () => {
    const limits = {
      rateLimit: { limit: 20, per: 1_000 },
      perPartition: { concurrency: 2, rateLimit: { limit: 5, per: '1m' } },
    }
    expect(limitWords(limits)).toEqual(['20 per 1 s', 'per partition 5 per 1m', 'per partition 2 at a time'])
  })

  test('have fields for the kinds that the code declares, with the present values, and are written as the API takes them', () => {
    const code = { rateLimit: { limit: 100, per: 60_000 }, perPartition: { concurrency: 2 } }
    const fields = limitFields({ code, now: { rateLimit: { limit: 10, per: 90_000 } } })
    expect(fields.map(({ label, value }) => [label, value])).toEqual([
      ['Starts', '10'],
      ['Per', '90s'],
      ['At a time, each partition', '2'],
    ])
    expect(limitsOf(fields)).toEqual({ rateLimit: { limit: 10, per: '90s' }, perPartition: { concurrency: 2 } })
  })
})

test.each([
  [{ everyMs: 900_000 }, 'every 15 min'],
  [{ cron: '30 2 * * *', timezone: 'UTC' }, 'every day at 02:30 · UTC'],
  [{ cron: '5 * * * *', timezone: 'UTC' }, 'every hour at minute 5 · UTC'],
  [{ cron: '0 9 * * MON-FRI', timezone: 'UTC' }, '0 9 * * MON-FRI · UTC'],
  [{ cron: '*/10 2 * * *', timezone: 'UTC' }, '*/10 2 * * * · UTC'],
  [undefined, 'not known'],
])('the rule %j is %s', (rule, words) => {
  expect(ruleWords(rule)).toBe(words)
})

describe('charts', () => {
  const from = Date.parse('2026-11-24T11:57:00Z')
  const chart = (completed: number[], failed: number[]) => ({
    enqueued: completed,
    completed,
    failed,
    expired: [0, 0, 1],
    queueMs: [
      [4, 0, 0],
      [0, 0, 0],
      [0, 4, 0],
    ],
    runMs: [[0, 0, 9], [], [0, 0, 0]],
  })
  const charts: Charts = {
    span: 'hour',
    stepSeconds: 60,
    from: new Date(from).toISOString(),
    to: new Date(from + 180_000).toISOString(),
    missing: [],
    bucketEndsMs: [10, 100],
    tasks: { a: chart([1, 2, 3], [0, 0, 1]), b: chart([10, 20, 30], [5, 0, 0]) },
  }

  test('sum up over tasks, or are of one', () => {
    expect(seriesOf(charts)).toMatchObject({ completed: [11, 22, 33], failed: [5, 0, 3] })
    expect(seriesOf(charts, 'a')).toMatchObject({ completed: [1, 2, 3], failed: [0, 0, 2] })
    expect(seriesOf(charts, 'gone').completed).toEqual([0, 0, 0])
    expect(seriesOf(charts).times).toEqual([0, 60, 120].map((seconds) => from / 1_000 + seconds))
  })

  test('have a gap where nothing was measured, and the last upper end for values over it', () => {
    expect(seriesOf(charts, 'a').queue.p50).toEqual([5, null, 55])
    expect(seriesOf(charts, 'a').run.p95).toEqual([100, null, null])
  })

  test('have a summary of the last minutes', () => {
    expect(periodStatsOf(charts, 2, 'b')).toMatchObject({
      minutes: 2,
      completed: 50,
      failed: 1,
      queueP50: 55,
      runP50: undefined,
    })
    expect(periodStatsOf(charts, 60).runP50).toBe(Number.POSITIVE_INFINITY)
  })
})
