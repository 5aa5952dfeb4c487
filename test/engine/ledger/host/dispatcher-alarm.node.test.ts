import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { silentWorld, World } from '../../world.ts'

function nothing(world: World) {
  return world.task({ name: 'nothing', input: z.number(), run: () => {} })
}

describe('an alarm', () => {
  test('that was lost is armed again for the jobs that wait already, and not only for the next job', async () => {
    const world = silentWorld()
    const task = nothing(world)
    await world.until(task.enqueue(1, { delay: '10s' }))
    const rangAt = world.ledger().alarm.at
    world.ledger().alarm.set(undefined)
    world.ledger().restart()
    await world.until(task.enqueue(2, { delay: '1d' }))
    expect(world.ledger().alarm.at).toBe(rangAt)
  })

  test('does not throw when the storage throws, and is armed again', async () => {
    const world = silentWorld()
    await world.until(nothing(world).enqueue(1, { delay: '10s' }))
    const rangAt = world.ledger().alarm.at ?? 0
    world.ledger().sqlFault = () => new Error('disk I/O error')
    await world.clock.advance(10_000)
    expect(world.ledger().warned).toMatchObject([{ event: 'alarm-failed', error: expect.stringContaining('disk') }])
    expect(world.ledger().alarm.at).toBe(rangAt + 30_000)
  })

  test('works again once the storage works', async () => {
    const world = new World()
    const job = await world.until(nothing(world).enqueue(1, { delay: '10s' }))
    world.ledger().sqlFault = () => new Error('disk I/O error')
    await world.clock.advance(5 * 60_000)
    world.ledger().sqlFault = () => undefined
    await world.clock.advance(31_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })

  test('writes nothing while nothing is due', async () => {
    const world = new World()
    await world.until(nothing(world).enqueue(1))
    await world.untilQuiet()
    await world.clock.advance(2_000)
    const written = world.ledger().storage.database.rowsWritten
    await world.clock.advance(3_600_000)
    expect(world.ledger().storage.database.rowsWritten).toBe(written)
    expect(world.ledger().alarm.timesSet).toBeLessThan(10)
  })

  test('survives a restart between a commit and its wake-up', async () => {
    const world = silentWorld()
    const job = await world.until(nothing(world).enqueue(1))
    world.ledger().restart()
    world.queue.fate = () => [5]
    await world.clock.advance(2_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })
})

describe('the watchdog', () => {
  /** A ledger with a delayed job, and a function that calls it as the watchdog does. */
  async function waiting() {
    const world = silentWorld()
    const job = await world.until(nothing(world).enqueue(1, { delay: '10s' }))
    const wake = () => world.until(world.ledger().stub(world.web).wake())
    return { world, job, wake, ledger: world.ledger() }
  }

  test('does not change an alarm that is armed', async () => {
    const { wake, ledger } = await waiting()
    const armed = ledger.alarm.at
    expect(await wake()).toBe(false)
    expect(ledger.alarm.at).toBe(armed)
  })

  test('arms an alarm that is missing', async () => {
    const { world, job, wake, ledger } = await waiting()
    ledger.alarm.set(undefined)
    ledger.restart()
    world.queue.fate = () => [5]
    expect(await wake()).toBe(true)
    expect(ledger.warned).toMatchObject([{ event: 'alarm-rearmed', wasAt: null }])
    await world.clock.advance(11_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })

  test.each([
    { lateMs: 50_000, rearms: false, because: 'it counts as late, not as lost' },
    { lateMs: 70_000, rearms: true, because: 'it counts as lost after a minute' },
  ])('arms an alarm that is overdue by $lateMs ms: $rearms, because $because', async ({ lateMs, rearms }) => {
    const { world, wake, ledger } = await waiting()
    ledger.alarm.fate = () => 'stuck'
    await world.clock.advance(10_000 + lateMs)
    expect(await wake()).toBe(rearms)
  })

  test('arms no alarm when no job waits', async () => {
    const world = silentWorld()
    expect(await world.until(world.ledger().stub(world.web).wake())).toBe(false)
    expect(world.ledger().alarm.at).toBeUndefined()
  })

  test('reports how many shards had lost their alarm, and which shards did not answer', async () => {
    const world = silentWorld({ shards: 3 })
    const task = nothing(world)
    for (let n = 0; n < 20; n++) await world.until(task.enqueue(n, { idempotencyKey: `${n}`, delay: '1h' }))
    world.ledger(1).alarm.set(undefined)
    world.ledger(1).restart()
    world.ledger(2).fault = () => ({ when: 'before', error: new Error('away') })
    expect(await world.until(world.watchdog())).toEqual({ rearmed: 1, missing: [2] })
  })
})

describe('a ledger whose jobs have ended', () => {
  const dayMs = 24 * 3_600_000
  const wake = (world: World) => world.until(world.ledger().stub(world.web).wake())

  test('has no alarm when a watchdog visits it, because the watchdog runs the sweep', async () => {
    const world = new World()
    await wake(world)
    await world.until(nothing(world).enqueue(1))
    await world.clock.advance(2_000)
    expect(world.ledger().alarm.at).toBeUndefined()
    expect(await wake(world)).toBe(false)
    expect(world.ledger().alarm.at).toBeUndefined()
    await world.clock.advance(8 * dayMs)
    world.ledger().restart()
    const { timesSet, timesRung } = world.ledger().alarm
    expect(await wake(world)).toBe(false)
    expect(world.jobs()).toEqual([])
    // An alarm for the sweep would cost a row, and a request when it rings.
    expect(world.ledger().alarm).toMatchObject({ at: undefined, timesSet, timesRung })
  })

  test.each([
    { days: 1, isUnarmed: true, because: 'a watchdog may be away for a day' },
    { days: 3, isUnarmed: false, because: 'the watchdog counts as removed' },
  ])(
    'has no alarm after $days days without the watchdog: $isUnarmed, because $because',
    async ({ days, isUnarmed }) => {
      const world = new World()
      await wake(world)
      await world.clock.advance(days * dayMs)
      await world.until(nothing(world).enqueue(1))
      await world.clock.advance(2_000)
      expect(world.ledger().alarm.at === undefined).toBe(isUnarmed)
    },
  )

  test('has an alarm for the sweep when no watchdog visits it', async () => {
    const world = new World()
    await world.until(nothing(world).enqueue(1))
    await world.clock.advance(2_000)
    expect(world.ledger().alarm.at).toBeGreaterThan(world.clock.now + 6 * dayMs)
  })

  test('gets an alarm from the watchdog when a new job waits and its alarm was lost', async () => {
    const world = silentWorld()
    await wake(world)
    await world.until(nothing(world).enqueue(1))
    world.ledger().alarm.set(undefined)
    world.ledger().restart()
    expect(await wake(world)).toBe(true)
    expect(world.ledger().alarm.at).toBeLessThanOrEqual(world.clock.now + 1_000)
  })
})

test.each([
  { ranMs: 50, knownMs: 50, rings: 1, set: 1, because: 'the alarm finds the job ended' },
  { ranMs: 5_000, knownMs: 5_000, rings: 1, set: 2, because: 'the alarm is set to the lease end' },
  {
    ranMs: 5_000,
    knownMs: 50,
    rings: 2,
    set: 2,
    because: 'the alarm finds the job running',
  },
  { ranMs: 50, knownMs: 5_000, rings: 1, set: 2, because: 'it ended early, which costs a row' },
])(
  'an alarm rings $rings times for a job of $ranMs ms whose task took $knownMs ms before, because $because',
  async ({ ranMs, knownMs, rings, set }) => {
    const world = new World()
    const task = world.task({ name: 'known', input: z.number(), run: (ms) => world.clock.sleep(ms) })
    const alone = async (ms: number) => {
      await world.until(world.ledger().stub(world.web).wake())
      await world.until(task.enqueue(ms))
      await world.clock.advance(60_000)
    }
    await alone(knownMs)
    const before = { ...world.ledger().alarm }
    await alone(ranMs)
    expect(world.ledger().alarm.timesRung - before.timesRung).toBe(rings)
    expect(world.ledger().alarm.timesSet - before.timesSet).toBe(set)
  },
)

test('a job that its request starts costs two calls: one enqueues it and one settles it', async () => {
  const world = new World()
  const task = world.task({ name: 'now', input: z.number(), run: () => world.clock.sleep(50) })
  await world.until(task.enqueue(1, { startNow: true }))
  await world.untilFinal()
  expect(world.ledger().calls.map(({ verb }) => verb)).toEqual(['enqueue', 'sync'])
})

test('no alarm rings between the heartbeats of a long job', async () => {
  const world = new World()
  const long = world.task({ name: 'long', input: z.number(), timeout: '10m', run: () => world.clock.sleep(300_000) })
  await world.until(long.enqueue(1))
  await world.clock.advance(60_000)
  const rung = world.ledger().alarm.timesRung
  await world.clock.advance(200_000)
  expect(world.ledger().alarm.timesRung).toBe(rung)
  expect(world.ledger().alarm.at).toBeGreaterThan(world.clock.now)
})
