/**
 * What shapes of work cost, from the first job to the last one's removal, held against their budgets (I11). In a virtual
 * world over an object's own SQLite: the same numbers in every run.
 */
import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { budgets } from '../../../bench/cost/budgets.ts'
import { jobCost } from '../../../bench/cost/counts.ts'
import { measured, type Shape, shapes } from '../../../bench/cost/shapes.ts'
import { freshLedger } from '../ledger/real-ledger.ts'

/** Fewer than in the bench, of those that come by the thousand. */
const jobsMax = 2_000

function costOf(shape: Shape) {
  const fewer = { ...shape, jobs: Math.min(shape.jobs, jobsMax) }
  return runInDurableObject(freshLedger().ledger, async (_, { storage }) => jobCost(await measured(fewer, storage)))
}

describe('a unit of each shape costs no more than its budget', () => {
  test.each(shapes)('$name: $what', { timeout: 60_000 }, async (shape) => {
    const cost = await costOf(shape)
    for (const [what, budget] of Object.entries(budgets[shape.name] ?? {})) {
      expect(cost[what as keyof typeof cost], what).toBeLessThanOrEqual(budget)
    }
  })

  test('every shape has a budget', () => {
    expect(Object.keys(budgets).sort()).toEqual(shapes.map(({ name }) => name).sort())
  })
})
