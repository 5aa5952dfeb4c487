/**
 * What shapes of work cost, from the first job to the last one's removal, held against their budgets (I11). In a virtual
 * world over an object's own SQLite: the same numbers in every run.
 */
import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { type Budget, budgets, heartbeatMs, levels, longMs } from '../../../bench/cost/budgets.ts'
import { jobCost } from '../../../bench/cost/counts.ts'
import { measured, type Shape, shapes } from '../../../bench/cost/shapes.ts'
import { freshLedger } from '../ledger/real-ledger.ts'

/** Fewer than in the bench, of those that come by the thousand. */
const jobsMax = 2_000

function costOf(shape: Shape) {
  const fewer = { ...shape, jobs: Math.min(shape.jobs, jobsMax) }
  return runInDurableObject(freshLedger().ledger, async (_, { storage }) => jobCost(await measured(fewer, storage)))
}

const costs = new Map<string, ReturnType<typeof costOf>>()

/** Each is counted once. */
function counted(name: string): ReturnType<typeof costOf> {
  const shape = shapes.find((one) => one.name === name)
  if (!shape) throw new Error(`there is no shape ${name}`)
  const cost = costs.get(name) ?? costOf(shape)
  costs.set(name, cost)
  return cost
}

async function holds(name: string, most: Budget): Promise<void> {
  const cost = await counted(name)
  for (const [what, budget] of Object.entries(most))
    expect(cost[what as keyof Budget], `${name}: ${what}`).toBeLessThanOrEqual(budget)
}

describe('a unit of each shape costs no more than its budget', { timeout: 60_000 }, () => {
  test.each(shapes)('$name: $what', ({ name }) => holds(name, budgets[name] as Budget))

  test('every shape has a budget', () => {
    expect(Object.keys(budgets).sort()).toEqual(shapes.map(({ name }) => name).sort())
  })
})

describe('what is asked of a shape holds', { timeout: 60_000 }, () => {
  test.each(Object.entries(levels))('%s', holds)

  test.each(Object.entries(longMs))(
    '%s adds the requests of its heartbeats to those of a plain job, and nothing else',
    async (name, ms) => {
      const [long, plain] = [await counted(name), await counted('plain')]
      expect(long.requests - plain.requests).toBeCloseTo(Math.floor(ms / heartbeatMs), 6)
    },
  )
})
