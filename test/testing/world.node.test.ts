import { expect, test } from 'vitest'
import { z } from 'zod'
import { NodeWorld } from '../../src/testing/node-world.ts'

test('a job that is enqueued runs and is recorded', async () => {
  const world = new NodeWorld()
  const double = world.task({ name: 'double', input: z.number(), run: (n) => n * 2 })
  const job = await world.until(double.enqueue(21))
  const { output } = await world.until(job.wait())
  expect(output).toBe(42)
  expect(await world.record(job.id)).toMatchObject({ state: 'completed', attempt: 1, output: 42 })
})

test('the same seed gives the same history', async () => {
  const history = async (seed: number) => {
    const world = new NodeWorld({ seed, shards: 2 })
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

test('a restart of a ledger forgets its memory, and keeps its rows and its alarm', async () => {
  const world = new NodeWorld()
  const later = world.task({ name: 'later', input: z.number(), run: () => {} })
  const job = await world.until(later.enqueue(1, { delay: '1m' }))
  const armed = world.ledger().alarm.at
  world.ledger().restart()
  expect(world.ledger().alarm.at).toBe(armed)
  await world.untilFinal()
  expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
})

test('the example of the README works', async () => {
  const world = new NodeWorld({ seed: 7 })
  const double = world.task({ name: 'double', input: z.number(), run: (n) => n * 2 })
  world.queue.fate = () => (world.queue.sent.length === 1 ? [] : [5])
  const job = await world.until(double.enqueue(21))
  world.ledger().restart()
  await world.untilFinal()
  expect(await world.record(job.id)).toMatchObject({ state: 'completed', output: 42 })
  expect(world.ledger().called('sync')).toHaveLength(2)
})

test('a request is cut half a minute after its answer, and its background work with it', async () => {
  const world = new NodeWorld()
  const request = await world.until(
    world.cloud.request(world.web.isolate, async (_, invocation) => {
      invocation.waitUntil(world.clock.sleep(60_000))
      return invocation
    }),
  )
  await world.clock.advance(29_900)
  expect(request).toMatchObject({ isDead: false, unfinished: 1 })
  await world.clock.advance(200)
  expect(request.isDead).toBe(true)
})

test('the watchdog arms the alarm of a ledger that has lost it', async () => {
  const world = new NodeWorld({ shards: 2 })
  const later = world.task({ name: 'later', input: z.number(), run: () => {} })
  const { id } = await world.until(later.enqueue(1, { delay: '1h' }))
  const ledger = world.ledger(Number(id.split('-')[0]))
  ledger.alarm.set(undefined)
  ledger.restart()
  expect(await world.until(world.watchdog())).toEqual({ rearmed: 1, missing: [] })
  expect(ledger.alarm.at).toBeDefined()
})

test('a task that a deploy adds is served from then on', async () => {
  const world = new NodeWorld()
  const task = world.unservedTask({ name: 'new', input: z.number(), run: (n) => n })
  const job = await world.until(task.enqueue(1))
  await world.clock.advance(60_000)
  expect(await world.record(job.id)).toMatchObject({ state: 'queued' })
  world.serve(task)
  await world.untilFinal()
  expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
})
