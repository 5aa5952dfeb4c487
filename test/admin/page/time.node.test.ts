import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytes, clock, count, duration, rate, relative } from '../../../src/admin/page/health/time.ts'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

test.each<[number, string]>([
  [0, '0 ms'],
  [999, '999 ms'],
  [999.7, '1 s'],
  [2_000, '2 s'],
  [2_449, '2.4 s'],
  [59_400, '59 s'],
  [59_600, '1 min'],
  [3 * minute + 20 * second, '3 min 20 s'],
  [hour - 400, '1 h'],
  [2 * hour + 5 * minute, '2 h 5 min'],
  [day - 20 * second, '1 d'],
  [4 * day + 3 * hour, '4 d 3 h'],
  [-5, '0 ms'],
  [Number.POSITIVE_INFINITY, '–'],
])('%d ms last %s', (ms, text) => {
  expect(duration(ms)).toBe(text)
})

test('no duration shows sixty of a unit', () => {
  fc.assert(fc.property(fc.nat(400 * day), (ms) => !/\b60 (s|min)|\b24 h/.test(duration(ms))))
})

test.each<[number, string]>([
  [-200, 'now'],
  [-12 * second, '12 s ago'],
  [-119 * second, '1 min ago'],
  [-3 * hour, '3 h ago'],
  [5 * second, 'in 5 s'],
  [3 * hour - 30 * second, 'in 3 h'],
  [2 * minute - second, 'in 2 min'],
  [40 * day, 'in 40 d'],
])('what is %d ms from now is %s', (ms, text) => {
  expect(relative(1e12 + ms, 1e12)).toBe(text)
})

describe('a time', () => {
  const now = new Date(2026, 10, 24, 14, 5, 9).getTime()

  test.each<[string, number, string]>([
    ['of today has no day', now - 2 * hour, '12:05'],
    ['of this week has its day', now - 2 * day, 'Sun 14:05'],
    ['of this year has its date', new Date(2026, 2, 3, 9, 7).getTime(), '3 Mar, 09:07'],
    ['of another year has its year', new Date(2025, 2, 3, 9, 7).getTime(), '3 Mar 2025, 09:07'],
  ])('%s', (_, at, text) => {
    expect(clock(at, now)).toBe(text)
  })

  test('may have its seconds', () => {
    expect(clock(now, now, true)).toBe('14:05:09')
  })
})

test('numbers have the figures that matter', () => {
  expect([0, 7, 1_204, 1_234_567].map(count)).toEqual(['0', '7', '1,204', '1,234,567'])
  expect([0, 0.43, 9.94, 9.97, 12.4, 1_204].map(rate)).toEqual(['0', '0.4', '9.9', '10', '12', '1,204'])
  expect([12, 53_248, 3_500_000, 5e9].map(bytes)).toEqual(['12 B', '52 KiB', '3.3 MiB', '4.7 GiB'])
})
