import { runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { jobCost } from '../../../bench/cost/counts.ts'
import { measured, shapes } from '../../../bench/cost/shapes.ts'
import { freshLedger } from '../ledger/real-ledger.ts'

test.each(shapes)('$name', { timeout: 120_000 }, async (shape) => {
  const counts = await runInDurableObject(freshLedger().ledger, (_, { storage }) => measured(shape, storage))
  console.warn(shape.name, JSON.stringify(counts), JSON.stringify(jobCost(counts)))
  expect(1).toBe(1)
})
