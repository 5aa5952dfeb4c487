import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { World } from '../world.ts'

/** A parent that enqueues children on every attempt, each time with other inputs, and fails until its third. */
function family() {
  const world = new World({ shards: 4 })
  const ids: string[][] = []
  const child = world.task({ name: 'child', input: z.string(), run: () => {} })
  const cousin = world.task({ name: 'cousin', input: z.string(), run: () => {} })
  const parent = world.task({
    name: 'parent',
    input: z.string(),
    run: async (name, { enqueue, attempt }) => {
      const first = await enqueue(child, `${name}, first, attempt ${attempt}`)
      const second = await enqueue(child, `${name}, second, attempt ${attempt}`)
      const third = await enqueue(cousin, `${name}, attempt ${attempt}`)
      ids.push([first.id, second.id, third.id])
      if (attempt < 3) throw new Error('not yet')
    },
  })
  return { world, parent, ids }
}

describe('the children of a handler', () => {
  test('are made once, however many attempts their parent has and whatever their input is', async () => {
    const { world, parent, ids } = family()
    const job = await world.until(parent.enqueue('ann'))
    await world.untilFinal()
    expect(await world.record(job.id)).toMatchObject({ state: 'completed', attempt: 3 })
    expect(ids).toHaveLength(3)
    expect(new Set(ids.map((attempt) => attempt.join())).size).toBe(1)
    expect(
      world
        .jobs()
        .map(({ task }) => task)
        .sort(),
    ).toEqual(['child', 'child', 'cousin', 'parent'])
  })

  test('keep the input of the attempt that made them', async () => {
    const { world, parent, ids } = family()
    await world.until(parent.enqueue('ann'))
    await world.untilFinal()
    expect(await world.record(ids[0]?.[1] ?? '')).toMatchObject({ input: 'ann, second, attempt 1' })
  })

  test('of two parents are different jobs', async () => {
    const { world, parent } = family()
    await world.until(parent.enqueue('ann'))
    await world.until(parent.enqueue('bob'))
    await world.untilFinal()
    expect(world.jobs()).toHaveLength(8)
  })

  test('with a key of their own are identified by that key', async () => {
    const world = new World()
    const child = world.task({ name: 'child', input: z.number(), run: () => {} })
    const parent = world.task({
      name: 'parent',
      input: z.number(),
      run: async (n, { enqueue }) => (await enqueue(child, 7, { idempotencyKey: 'shared' })).duplicate && n,
    })
    const jobs = await world.until(parent.enqueueMany([1, 2]))
    await world.untilFinal()
    const outputs = [await world.record(jobs[0]?.id ?? ''), await world.record(jobs[1]?.id ?? '')]
    expect(outputs.map(({ output }) => output).filter(Boolean)).toHaveLength(1)
    expect(world.jobs()).toHaveLength(3)
  })
})
