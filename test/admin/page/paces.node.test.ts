import { expect, test } from 'vitest'
import { type PaceName, paces, waitMs } from '../../../src/admin/page/api/paces.ts'

const shards = 8

/** What each view keeps asking for, as main.tsx and the views do. */
const views: Readonly<Record<string, readonly PaceName[]>> = {
  overview: ['overview', 'settings', 'tasks', 'hour'],
  jobs: ['banner', 'settings', 'tasks', 'hour', 'jobs'],
  job: ['banner', 'settings', 'hour', 'job'],
  ended: ['banner', 'settings', 'hour', 'ended'],
}

function aMinute(view: string, interval: 'everyMs' | 'restMs') {
  const asked = (views[view] ?? []).map((name) => ({ times: 60_000 / paces[name][interval], calls: paces[name].calls }))
  return {
    requests: asked.reduce((sum, { times }) => sum + times, 0),
    calls: asked.reduce((sum, { times, calls }) => sum + times * (calls === 'shards' ? shards : calls), 0),
  }
}

test('a minute of a viewer costs what the documents say', () => {
  expect(aMinute('overview', 'everyMs')).toEqual({ requests: 18, calls: 134 })
  expect(aMinute('overview', 'restMs')).toEqual({ requests: 5, calls: 34 })
  expect(aMinute('jobs', 'everyMs')).toEqual({ requests: 22, calls: 166 })
  expect(aMinute('jobs', 'restMs')).toEqual({ requests: 6, calls: 42 })
  expect(aMinute('job', 'everyMs')).toEqual({ requests: 48, calls: 90 })
  expect(aMinute('ended', 'restMs')).toEqual({ requests: 4, calls: 18 })
})

test('a pace slows down to its slowest while answers stay the same', () => {
  const waits = [0, 1, 2, 3, 4, 5, 20].map((same) => waitMs(paces.overview, same, 0))
  expect(waits).toEqual([6_000, 6_000, 6_000, 9_000, 13_500, 20_250, 30_000])
})

test('failures are repeated at growing intervals, up to a minute, whatever the pace', () => {
  expect([1, 2, 3, 10].map((failed) => waitMs(paces.job, 0, failed))).toEqual([4_000, 8_000, 16_000, 60_000])
})
