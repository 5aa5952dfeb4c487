import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { added, percentile } from '../../../src/admin/page/charts/percentiles.ts'

const ends = [10, 50, 100, 250]

describe('a percentile of a histogram', () => {
  test.each<[string, number[], number, number | undefined]>([
    ['of nothing is not known', [0, 0, 0, 0, 0], 0.5, undefined],
    ['of an empty answer is not known', [], 0.5, undefined],
    ['lies within its bucket, evenly', [0, 10, 0, 0, 0], 0.5, 30],
    ['is the end of the bucket when all are under it', [0, 10, 0, 0, 0], 1, 50],
    ['starts at nought in the first bucket', [4, 0, 0, 0, 0], 0.25, 2.5],
    ['jumps over buckets without any', [5, 0, 0, 5, 0], 0.95, 100 + 150 * 0.9],
    ['over the last end is only known to be over it', [1, 0, 0, 0, 9], 0.5, Number.POSITIVE_INFINITY],
  ])('%s', (_, histogram, p, expected) => {
    const found = percentile(histogram, ends, p)
    if (expected === undefined || expected === Number.POSITIVE_INFINITY) expect(found).toBe(expected)
    else expect(found).toBeCloseTo(expected)
  })

  test('never falls as the share grows, and lies in a bucket that is not empty', () => {
    const histograms = fc.array(fc.nat(50), { minLength: 5, maxLength: 5 })
    const shares = fc.tuple(
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
    )
    fc.assert(
      fc.property(histograms, shares, (histogram, [a, b]) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((p) => percentile(histogram, ends, p))
        if (low === undefined || high === undefined) return histogram.every((count) => count === 0)
        const bucket = ends.findIndex((end) => high <= end)
        return low <= high && (histogram[bucket === -1 ? 4 : bucket] ?? 0) > 0
      }),
    )
  })
})

test('histograms add up by bucket, and missing buckets count as zeros', () => {
  expect(added([[1, 2, 3], [10], []], 3)).toEqual([11, 2, 3])
})
