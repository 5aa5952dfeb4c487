import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { silentWorld, World } from '../../world.ts'

function nothing(world: World) {
  return world.task({ name: 'nothing', input: z.number(), run: () => {} })
}

describe('an alarm', () => {
  test('that was lost is armed for what waits already, not only for the job that comes next', async () => {
    const world = silentWorld()
    const task = nothing(world)
    await world.until(task.enqueue(1, { delay: '10s' }))
    const rangAt = world.ledger().alarm.at
    world.ledger().alarm.set(undefined)
    world.ledger().restart()
    await world.until(task.enqueue(2, { delay: '1d' }))
    expect(world.ledger().alarm.at).toBe(rangAt)
  })

  test('does not throw when the storage does, and is armed again', async () => {
    const world = silentWorld()
    await world.until(nothing(world).enqueue(1, { delay: '10s' }))
    const rangAt = world.ledger().alarm.at ?? 0
    world.ledger().sqlFault = () => new Error('disk I/O error')
    await world.clock.advance(10_000)
    expect(world.ledger().warned).toMatchObject([{ event: 'alarm-failed', error: expect.stringContaining('disk') }])
    expect(world.ledger().alarm.at).toBe(rangAt + 30_000)
  })

  test('goes on once the storage does', async () => {
    const world = new World()
    const job = await world.until(nothing(world).enqueue(1, { delay: '10s' }))
    world.ledger().sqlFault = () => new Error('disk I/O error')
    await world.clock.advance(5 * 60_000)
    world.ledger().sqlFault = () => undefined
    await world.clock.advance(31_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })

  test('with nothing due writes nothing', async () => {
    const world = new World()
    await world.until(nothing(world).enqueue(1))
    await world.untilQuiet()
    await world.clock.advance(2_000)
    const written = world.ledger().storage.database.rowsWritten
    await world.clock.advance(3_600_000)
    expect(world.ledger().storage.database.rowsWritten).toBe(written)
    expect(world.ledger().alarm.timesSet).toBeLessThan(10)
  })

  test('outlives restarts between a commit and its wake-up', async () => {
    const world = silentWorld()
    const job = await world.until(nothing(world).enqueue(1))
    world.ledger().restart()
    world.queue.fate = () => [5]
    await world.clock.advance(2_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })
})

describe('the watchdog', () => {
  /** A ledger with a waiting job, as an accident has left it. */
  async function waiting() {
    const world = silentWorld()
    const job = await world.until(nothing(world).enqueue(1, { delay: '10s' }))
    const wake = () => world.until(world.ledger().stub(world.web).wake())
    return { world, job, wake, ledger: world.ledger() }
  }

  test('leaves an armed alarm alone', async () => {
    const { wake, ledger } = await waiting()
    const armed = ledger.alarm.at
    expect(await wake()).toBe(false)
    expect(ledger.alarm.at).toBe(armed)
  })

  test('arms a missing one', async () => {
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
    { lateMs: 50_000, rearms: false, because: 'it is late, not lost' },
    { lateMs: 70_000, rearms: true, because: 'a minute is more than late' },
  ])('with one that is overdue by $lateMs ms, rearms is $rearms: $because', async ({ lateMs, rearms }) => {
    const { world, wake, ledger } = await waiting()
    ledger.alarm.fate = () => 'stuck'
    await world.clock.advance(10_000 + lateMs)
    expect(await wake()).toBe(rearms)
  })

  test('arms nothing where nothing waits', async () => {
    const world = silentWorld()
    expect(await world.until(world.ledger().stub(world.web).wake())).toBe(false)
    expect(world.ledger().alarm.at).toBeUndefined()
  })

  test('tells how many had lost theirs, and which shards did not answer', async () => {
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

  test('rests without an alarm where a watchdog comes by, which sees to the sweep', async () => {
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
    // An alarm for the sweep would be a row, and a request when it rings.
    expect(world.ledger().alarm).toMatchObject({ at: undefined, timesSet, timesRung })
  })

  test.each([
    { days: 1, rests: true, because: 'it may have been away for a day' },
    { days: 3, rests: false, because: 'it was removed' },
  ])('rests is $rests after $days days without the watchdog: $because', async ({ days, rests }) => {
    const world = new World()
    await wake(world)
    await world.clock.advance(days * dayMs)
    await world.until(nothing(world).enqueue(1))
    await world.clock.advance(2_000)
    expect(world.ledger().alarm.at === undefined).toBe(rests)
  })

  test('is armed for the sweep where no watchdog comes', async () => {
    const world = new World()
    await world.until(nothing(world).enqueue(1))
    await world.clock.advance(2_000)
    expect(world.ledger().alarm.at).toBeGreaterThan(world.clock.now + 6 * dayMs)
  })

  test('and that rests is armed anew by the watchdog when work waits and its alarm was lost', async () => {
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
  { ranMs: 50, knownMs: 50, rings: 1, set: 1, because: 'its alarm finds it ended' },
  { ranMs: 5_000, knownMs: 5_000, rings: 1, set: 2, because: 'the alarm is put off to the end of its lease' },
  { ranMs: 5_000, knownMs: 50, rings: 2, set: 2, because: 'nobody knew, and the alarm finds it at work' },
  { ranMs: 50, knownMs: 5_000, rings: 1, set: 2, because: 'the guess was wrong, and costs a row' },
])(
  'a job of $ranMs ms, whose task took $knownMs before, has $rings rings: $because',
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

test('a job that its request starts is enqueued in one call and settled in another', async () => {
  const world = new World()
  const task = world.task({ name: 'now', input: z.number(), run: () => world.clock.sleep(50) })
  await world.until(task.enqueue(1, { startNow: true }))
  await world.untilFinal()
  expect(world.ledger().calls.map(({ verb }) => verb)).toEqual(['enqueue', 'sync'])
})

test('a long job rings no alarm between its beats', async () => {
  const world = new World()
  const long = world.task({ name: 'long', input: z.number(), timeout: '10m', run: () => world.clock.sleep(300_000) })
  await world.until(long.enqueue(1))
  await world.clock.advance(60_000)
  const rung = world.ledger().alarm.timesRung
  await world.clock.advance(200_000)
  expect(world.ledger().alarm.timesRung).toBe(rung)
  expect(world.ledger().alarm.at).toBeGreaterThan(world.clock.now)
})
