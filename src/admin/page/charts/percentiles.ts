/** Percentiles from histograms. Only the counts of buckets are known, so a percentile is as exact as its bucket. */

/** Adds histograms of the same buckets. */
export function added(histograms: readonly (readonly number[])[], buckets: number): number[] {
  const sum = new Array<number>(buckets).fill(0)
  for (const histogram of histograms) for (let i = 0; i < buckets; i++) sum[i] = (sum[i] ?? 0) + (histogram[i] ?? 0)
  return sum
}

export function total(histogram: readonly number[]): number {
  return histogram.reduce((sum, one) => sum + one, 0)
}

/**
 * The value that a share `p` of all values do not exceed. Values are taken to be spread evenly within a bucket.
 *
 * @param ends the upper ends of the buckets. The histogram has one more bucket, for values over the last end
 * @returns undefined for an empty histogram, Infinity for a value over the last end
 */
export function percentile(histogram: readonly number[], ends: readonly number[], p: number): number | undefined {
  const all = total(histogram)
  if (all === 0) return undefined
  const rank = p * all
  let below = 0
  for (const [bucket, end] of ends.entries()) {
    const here = histogram[bucket] ?? 0
    if (here > 0 && below + here >= rank) {
      const start = ends[bucket - 1] ?? 0
      return start + (end - start) * Math.max(0, (rank - below) / here)
    }
    below += here
  }
  return Number.POSITIVE_INFINITY
}
