import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { apiFilter, hashOf, isJobId, parseHash, type Route, windows } from '../../../src/admin/page/shell/route.ts'
import { states } from '../../../src/admin/page/states/states.ts'

const id = '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC'

describe('a hash', () => {
  test.each<[string, Route]>([
    ['', { view: 'overview', span: 'hour' }],
    ['#/?span=day', { view: 'overview', span: 'day' }],
    ['#/jobs', { view: 'jobs', filter: {} }],
    [
      '#/jobs?state=failed&task=draw-avatar&since=1h',
      { view: 'jobs', filter: { state: 'failed', task: 'draw-avatar', since: '1h' } },
    ],
    ['#/jobs?tag=a%26b&cursor=c1', { view: 'jobs', filter: { tag: 'a&b' }, cursor: 'c1' }],
    ['#/jobs?bulk=b1', { view: 'jobs', filter: {}, bulk: 'b1' }],
    [`#/jobs/${id}`, { view: 'job', id }],
    ['#/tasks/draw-avatar%2FonFailed', { view: 'task', name: 'draw-avatar/onFailed', span: 'hour' }],
    ['#/schedules', { view: 'schedules' }],
    ['#/what', { view: 'nowhere', hash: '#/what' }],
    ['#/jobs/a/b', { view: 'nowhere', hash: '#/jobs/a/b' }],
  ])('%s is a place', (hash, route) => {
    expect(parseHash(hash)).toEqual(route)
  })

  test('ignores what makes no sense, and does not send it to the API', () => {
    expect(parseHash('#/jobs?state=broken&since=1y&from=yesterday&task=')).toEqual({ view: 'jobs', filter: {} })
    expect(parseHash('#/tasks/%E0%A4%A')).toEqual({ view: 'task', name: '%E0%A4%A', span: 'hour' })
  })

  test('of a view leads to that view', () => {
    const word = fc
      .string({ minLength: 1, maxLength: 30 })
      .map((text) => text.trim())
      .filter((text) => text !== '')
    const moment = fc
      .date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true })
      .map((date) => date.toISOString())
    const filter = fc.record(
      {
        state: fc.constantFrom(...states),
        task: word,
        tag: word,
        key: word,
        since: fc.constantFrom(...(Object.keys(windows) as (keyof typeof windows)[])),
        from: moment,
        to: moment,
      },
      { requiredKeys: [] },
    )
    const jobs = fc.record(
      { view: fc.constant('jobs' as const), filter, cursor: word, bulk: word },
      { requiredKeys: ['view', 'filter'] },
    )
    fc.assert(
      fc.property(jobs, (route) => {
        expect(parseHash(hashOf(route))).toEqual(route)
      }),
    )
  })
})

test('a window begins on a full minute, so that the request stays the same for a while', () => {
  const at = Date.parse('2026-11-24T12:00:10Z')
  expect(apiFilter({ state: 'failed', since: '1h' }, at)).toEqual({
    state: 'failed',
    createdAfter: '2026-11-24T11:00:00.000Z',
  })
  expect(apiFilter({ since: '1h' }, at + 40_000)).toEqual(apiFilter({ since: '1h' }, at))
  expect(apiFilter({ from: 'A', to: 'B' }, at)).toEqual({ createdAfter: 'A', createdBefore: 'B' })
})

test('an id is distinguished from a key', () => {
  expect([id, id.toLowerCase()].map(isJobId)).toEqual([true, true])
  expect(['avatar:12', id.slice(1), `${id}0`, ''].map(isJobId)).toEqual([false, false, false, false])
})
