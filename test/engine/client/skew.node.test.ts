/** A Worker of this version whose ledgers are of another: newer ones say more, older ones say less or lack a verb. */
import { expect, test } from 'vitest'
import { z } from 'zod'
import { World } from '../world.ts'

function servedWorld() {
  const world = new World({ shards: 1 })
  const double = world.task({ name: 'double', input: z.object({ n: z.number() }), run: async ({ n }) => n * 2 })
  return { world, double }
}

/** The ledger's answers, as another version gives them. */
function answersAs(world: World, change: (answer: Record<string, unknown>) => Record<string, unknown>) {
  const ledger = world.ledger()
  const original = ledger.stub.bind(ledger)
  ledger.stub = (caller) => {
    const stub = original(caller) as unknown as Record<string, (request?: unknown) => Promise<unknown>>
    const changed = Object.entries(stub).map(([verb, call]) => [
      verb,
      async (request?: unknown) => {
        const answer = await call(request)
        return typeof answer === 'object' && answer !== null ? change(answer as Record<string, unknown>) : answer
      },
    ])
    return Object.fromEntries(changed) as never
  }
}

test('additional fields in the answer of a newer ledger change nothing', async () => {
  const { world, double } = servedWorld()
  answersAs(world, (answer) => ({ ...answer, advice: { pause: 5 }, version: 9 }))
  const job = await world.until(double.enqueue({ n: 4 }))
  expect((await world.until(job.wait('1m'))).output).toBe(8)
})

test('a runner works with an older ledger that states no lease in its answers', async () => {
  const { world, double } = servedWorld()
  answersAs(world, ({ leaseMs: _, ...answer }) => answer)
  const job = await world.until(double.enqueue({ n: 4 }))
  expect((await world.until(job.wait('1m'))).output).toBe(8)
})

test('a verb that an older ledger lacks makes it a missing shard, and the others answer', async () => {
  const { world } = servedWorld()
  const ledger = world.ledger()
  const original = ledger.stub.bind(ledger)
  ledger.stub = (caller) => {
    const { halt: _, ...rest } = original(caller)
    const lacking = async () => {
      throw new TypeError('The RPC receiver does not implement the method "halt".')
    }
    return { ...rest, halt: lacking }
  }
  expect(await world.until(world.chard.halt(true))).toEqual({ missing: [0] })
  expect((await world.until(world.chard.stats.overview())).missing).toEqual([])
})
