import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  apiFilter,
  isJobId,
  type JobsPlace,
  jobHash,
  jobsHash,
  jobsPlaceOf,
  overviewHash,
  parseHash,
  spanOf,
  taskHash,
  windows,
} from '../../../src/admin/page/shell/route.ts'
import { states } from '../../../src/admin/page/states/states.ts'
import { titleOf, viewOf } from '../../../src/admin/page/views.tsx'

const id = '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC'

const placeOf = (hash: string) => jobsPlaceOf(parseHash(hash).query)

describe('a hash', () => {
  test.each([
    ['', '', '', 'Overview'],
    ['#/?span=day', '', '', 'Overview'],
    ['#/jobs', 'jobs', '', 'Jobs'],
    ['#/jobs?state=failed', 'jobs', '', 'Jobs'],
    [`#/jobs/${id}`, 'jobs/:name', id, `Job ${id}`],
    ['#/tasks/draw-avatar%2FonFailed', 'tasks/:name', 'draw-avatar/onFailed', 'draw-avatar/onFailed'],
    ['#/tasks/%E0%A4%A', 'tasks/:name', '%E0%A4%A', '%E0%A4%A'],
    ['#/schedules', 'schedules', '', 'Schedules'],
  ])('%s leads to a view', (hash, path, name, title) => {
    const route = parseHash(hash)
    expect(route).toMatchObject({ path, name })
    expect(viewOf(route)?.path).toBe(path)
    expect(titleOf(route)).toBe(title)
  })

  test.each(['#/what', '#/jobs/a/b', '#/tasks', '#/schedules/nightly'])('%s leads to no view', (hash) => {
    expect(viewOf(parseHash(hash))).toBeUndefined()
    expect(titleOf(parseHash(hash))).toBe('Nothing here')
  })

  test.each<[string, JobsPlace]>([
    ['#/jobs', { filter: {} }],
    [
      '#/jobs?state=failed&task=draw-avatar&since=1h',
      { filter: { state: 'failed', task: 'draw-avatar', since: '1h' } },
    ],
    ['#/jobs?tag=a%26b&cursor=c1', { filter: { tag: 'a&b' }, cursor: 'c1' }],
    ['#/jobs?bulk=b1', { filter: {}, bulk: 'b1' }],
    // What makes no sense is ignored, and not sent to the API.
    ['#/jobs?state=broken&since=1y&from=yesterday&task=', { filter: {} }],
  ])('%s is a place in the list of jobs', (hash, place) => {
    expect(placeOf(hash)).toEqual(place)
  })

  test('of one job, task or span leads to it', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.constantFrom('hour' as const, 'day' as const), (name, span) => {
        expect(parseHash(jobHash(name))).toMatchObject({ path: 'jobs/:name', name })
        expect(parseHash(taskHash(name, span))).toMatchObject({ path: 'tasks/:name', name })
        for (const hash of [taskHash(name, span), overviewHash(span)]) expect(spanOf(parseHash(hash).query)).toBe(span)
      }),
    )
  })

  test('of a list of jobs leads to that list', () => {
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
    const more = fc.record({ cursor: word, bulk: word }, { requiredKeys: [] })
    fc.assert(
      fc.property(filter, more, (filter, more) => {
        expect(placeOf(jobsHash(filter, more))).toEqual({ filter, ...more })
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
