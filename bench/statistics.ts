/** Summary statistics of measured values. */

/** A quantile of the values; NaN if there are none. @param share 0.5 for the median, 0.99 for the 99th percentile */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export interface MedianAndRange {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** The median and the range of the values; a median of NaN if there are none. */
export function medianAndRange(values: readonly number[]): MedianAndRange {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]]
  const median = ((middle[0] ?? Number.NaN) + (middle[1] ?? Number.NaN)) / 2
  return { median, min: Math.min(...values), max: Math.max(...values) }
}
