import { expect, test } from 'vitest'
import { type PaceName, paces, waitMs } from '../../../src/admin/page/api/paces.ts'
import { views } from '../../../src/admin/page/views.tsx'

const shards = 8

/** What the view of this path polls in a minute. The counts are polled for the banner at a pace of their own, unless the view shows them. */
function aMinute(
  path: string,
  interval: 'everyMs' | 'restMs',
  polls = views.find((view) => view.path === path)?.polls,
) {
  if (!polls) throw new Error(`there is no view ${path}`)
  const names: PaceName[] = ['settings', 'hour', ...polls, ...(polls.includes('overview') ? [] : ['banner' as const])]
  const asked = names.map((name) => ({ times: 60_000 / paces[name][interval], calls: paces[name].calls }))
  return {
    requests: asked.reduce((sum, { times }) => sum + times, 0),
    calls: asked.reduce((sum, { times, calls }) => sum + times * (calls === 'shards' ? shards : calls), 0),
  }
}

test('a minute of a viewer costs what the documents say', () => {
  expect(aMinute('', 'everyMs')).toEqual({ requests: 18, calls: 134 })
  expect(aMinute('', 'restMs')).toEqual({ requests: 5, calls: 34 })
  expect(aMinute('jobs', 'everyMs')).toEqual({ requests: 22, calls: 166 })
  expect(aMinute('jobs', 'restMs')).toEqual({ requests: 6, calls: 42 })
  expect(aMinute('jobs/:name', 'everyMs')).toEqual({ requests: 48, calls: 90 })
  expect(aMinute('jobs/:name', 'restMs', ['ended'])).toEqual({ requests: 4, calls: 18 })
})

test.each(views.map(({ path }) => path))('a minute on %j makes no more calls than one on the list of jobs', (path) => {
  for (const interval of ['everyMs', 'restMs'] as const) {
    expect(aMinute(path, interval).calls).toBeLessThanOrEqual(aMinute('jobs', interval).calls)
  }
})

test('a pace slows down to its slowest while answers stay the same', () => {
  const waits = [0, 1, 2, 3, 4, 5, 20].map((same) => waitMs(paces.overview, same, 0))
  expect(waits).toEqual([6_000, 6_000, 6_000, 9_000, 13_500, 20_250, 30_000])
})

test('failures are repeated at growing intervals, up to a minute, whatever the pace', () => {
  expect([1, 2, 3, 10].map((failed) => waitMs(paces.job, 0, failed))).toEqual([4_000, 8_000, 16_000, 60_000])
})
