import { expect, test } from 'vitest'
import { z } from 'zod'
import { World } from '../engine/world.ts'

test('a job that is enqueued is run and recorded', async () => {
  const world = new World()
  const double = world.task({ name: 'double', input: z.number(), run: (n) => n * 2 })
  const job = await world.until(double.enqueue(21))
  const { output } = await world.until(job.wait())
  expect(output).toBe(42)
  expect(await world.record(job.id)).toMatchObject({ state: 'completed', attempt: 1, output: 42 })
})

test('one seed is one history', async () => {
  const history = async (seed: number) => {
    const world = new World({ seed, shards: 2 })
    const flip = world.task({
      name: 'flip',
      input: z.number(),
      run: async () => {
        await world.clock.sleep(world.chance.between(1, 100))
        if (world.chance.happens(0.5)) throw new Error('tails')
      },
    })
    for (let n = 0; n < 20; n++) await world.until(flip.enqueue(n))
    await world.untilFinal()
    return world.ledgers.map(({ calls }) => calls)
  }
  expect(await history(7)).toEqual(await history(7))
  expect(await history(7)).not.toEqual(await history(8))
})

test('a restart forgets memory and keeps rows, the alarm among them', async () => {
  const world = new World()
  const later = world.task({ name: 'later', input: z.number(), run: () => {} })
  const job = await world.until(later.enqueue(1, { delay: '1m' }))
  const armed = world.ledger().alarm.at
  world.ledger().restart()
  expect(world.ledger().alarm.at).toBe(armed)
  await world.untilFinal()
  expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
})
