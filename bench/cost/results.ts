/** The content of `bench/cost/results.json`. */
import type { Counts, JobCost } from './counts.ts'

export interface Results {
  /** In the order of the tables. */
  readonly shapes: readonly ShapeResult[]
  readonly real: RealResults
}

export interface ShapeResult {
  readonly name: string
  /** A description of the shape. */
  readonly what: string
  /** The name of one unit of the work. */
  readonly unit: string
  readonly counts: Counts
  /** The same for each unit of the shape. */
  readonly cost: JobCost
}

/** Counts of the real Worker on the local platform. */
export interface RealResults {
  /** Jobs enqueued one at a time. */
  readonly alone: RealCounts
  /** Jobs enqueued in batches. */
  readonly many: RealCounts
  /** CPU time per job of `many`: of all local workerd processes, which includes the local platform. */
  readonly cpuMsAJob: number
}

/** Totals of a number of jobs, before they are pruned. */
export interface RealCounts {
  readonly jobs: number
  readonly rowsWritten: number
  readonly alarmsSet: number
  readonly alarmsRung: number
  readonly calls: number
  readonly messages: number
}

/** The cost of a shape. @throws if the results do not have it */
export function costOf(shapes: Results['shapes'], name: string): JobCost {
  const found = shapes.find((one) => one.name === name)
  if (!found) throw new Error(`the results have no shape ${name}`)
  return found.cost
}
