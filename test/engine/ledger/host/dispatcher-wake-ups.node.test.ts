import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { silentWorld, World } from '../../world.ts'

const dayMs = 24 * 3_600_000

function nothing(world: World) {
  return world.task({ name: 'nothing', input: z.number(), run: () => {} })
}

/** The times at which wake-ups are sent from now on, in milliseconds from now. */
function sendings(world: World): number[] {
  const begun = world.clock.now
  const times: number[] = []
  world.queue.fate = () => {
    times.push(world.clock.now - begun)
    return []
  }
  return times
}

describe('a ledger after a commit', () => {
  test.each([
    { jobs: 1, wakeUps: 1, because: 'one runner is enough' },
    { jobs: 10, wakeUps: 1, because: 'a new runner takes ten jobs' },
    { jobs: 11, wakeUps: 2, because: 'the eleventh job would wait' },
    { jobs: 1_000, wakeUps: 8, because: 'more runners do not help one shard' },
  ])('sends $wakeUps wake-ups for $jobs jobs, because $because', async ({ jobs, wakeUps }) => {
    const world = silentWorld()
    await world.until(nothing(world).enqueueMany(Array<number>(jobs).fill(1)))
    expect(world.queue.sent).toHaveLength(wakeUps)
  })

  test('sends no wake-up for jobs that the wake-ups on their way will start', async () => {
    const world = silentWorld()
    const task = nothing(world)
    for (let n = 0; n < 5; n++) await world.until(task.enqueue(n))
    expect(world.queue.sent).toHaveLength(1)
  })

  test('sends one wake-up for each of two jobs that arrive far apart', async () => {
    const world = new World()
    const task = nothing(world)
    await world.until(task.enqueue(1))
    await world.clock.advance(60_000)
    const job = await world.until(task.enqueue(2))
    expect(world.queue.sent).toHaveLength(2)
    await world.clock.advance(20)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })

  test('sends no wake-up for a delayed job, and one when it is due', async () => {
    const world = new World()
    const job = await world.until(nothing(world).enqueue(1, { delay: '1h' }))
    expect(world.queue.sent).toHaveLength(0)
    await world.clock.advance(3_600_100)
    expect(world.queue.sent).toHaveLength(1)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })

  test('sends no wake-up for a call that finds the job of its key', async () => {
    const world = new World()
    const task = nothing(world)
    await world.until(task.enqueue(1, { idempotencyKey: 'once' }))
    await world.untilQuiet()
    await world.until(task.enqueue(1, { idempotencyKey: 'once' }))
    expect(world.queue.sent).toHaveLength(1)
  })

  test('sends two wake-ups at most while the held poll of a runner takes the jobs', async () => {
    const world = new World()
    const task = nothing(world)
    for (let n = 0; n < 50; n++) {
      await world.until(task.enqueue(n))
      await world.clock.advance(100)
    }
    expect(world.queue.sent.length).toBeLessThanOrEqual(2)
    expect(world.jobs().every(({ state }) => state === 'completed')).toBe(true)
  })

  test('does not wait for the queue', async () => {
    const world = silentWorld()
    world.queue.accept = () => new Promise(() => {})
    const begun = world.clock.now
    await world.until(nothing(world).enqueue(1))
    expect(world.clock.now - begun).toBe(2)
  })
})

describe('a wake-up', () => {
  test('that is lost is sent again at growing intervals, up to five minutes', async () => {
    const world = silentWorld()
    const task = nothing(world)
    const times = sendings(world)
    await world.until(task.enqueue(1))
    await world.clock.advance(3_600_000)
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(gaps[0]).toBe(1_000)
    expect(gaps.every((gap, index) => gap >= (gaps[index - 1] ?? 0))).toBe(true)
    expect(Math.max(...gaps)).toBe(5 * 60_000)
  })

  test('that is lost delays its job and changes nothing else', async () => {
    const world = new World()
    let count = 0
    world.queue.fate = () => (++count === 1 ? [] : [5])
    const job = await world.until(nothing(world).enqueue(1))
    await world.clock.advance(1_100)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed', attempt: 1 })
  })

  test('that is lost is noticed although jobs keep arriving', async () => {
    const world = silentWorld()
    const task = nothing(world)
    for (let n = 0; n < 300; n++) {
      await world.until(task.enqueue(n))
      await world.clock.advance(250)
    }
    world.queue.fate = () => [5]
    for (let n = 0; n < 20; n++) {
      await world.until(task.enqueue(n))
      await world.clock.advance(250)
    }
    expect(world.jobs().filter(({ state }) => state === 'completed').length).toBeGreaterThan(300)
  })

  test('that is doubled or late starts a runner that finds no job', async () => {
    const world = new World()
    world.queue.fate = () => [5, 5, 60_000]
    const job = await world.until(nothing(world).enqueue(1))
    await world.untilQuiet()
    expect(world.reports.map(({ jobs }) => jobs).sort()).toEqual([0, 0, 1])
    expect(await world.record(job.id)).toMatchObject({ attempt: 1 })
  })
})

describe('a job that no runner can run', () => {
  test.each([
    { ledger: 'a ledger that keeps its memory', everyMs: undefined },
    { ledger: 'a ledger that restarts every 10 s', everyMs: 10_000 },
  ])('causes few wake-ups and alarms a day in $ledger', async ({ everyMs }) => {
    const world = new World({ directStart: true })
    const task = world.unservedTask({ name: 'unknown', input: z.number(), run: () => {} })
    await world.until(task.enqueue(1))
    const until = world.clock.now + dayMs
    while (world.clock.now < until) {
      await world.clock.advance(everyMs ?? 60_000)
      if (everyMs) world.ledger().restart()
    }
    expect(world.queue.sent.length).toBeLessThan(350)
    expect(world.directStarts).toBeLessThan(350)
    expect(world.ledger().alarm.timesSet).toBeLessThan(2_000)
  })

  test('is run once a deploy knows its task', async () => {
    const world = new World()
    const task = world.unservedTask({ name: 'unknown', input: z.number(), run: () => {} })
    const job = await world.until(task.enqueue(1))
    await world.clock.advance(3_600_000)
    world.serve(task)
    await world.clock.advance(5 * 60_000 + 1_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })

  test('does not delay a job that arrives later', async () => {
    const world = new World()
    const unknown = world.unservedTask({ name: 'unknown', input: z.number(), run: () => {} })
    const task = nothing(world)
    await world.until(unknown.enqueue(1))
    await world.clock.advance(3_600_000)
    const job = await world.until(task.enqueue(1))
    await world.clock.advance(1_100)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })
})

describe('a ledger that waits for the answer to a wake-up', () => {
  test('starts a runner itself after half a second, and only once', async () => {
    const world = silentWorld({ directStart: true })
    const job = await world.until(nothing(world).enqueue(1))
    await world.clock.advance(450)
    expect(world.directStarts).toBe(0)
    await world.clock.advance(100)
    expect(world.directStarts).toBe(1)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
    await world.clock.advance(60_000)
    expect(world.directStarts).toBe(1)
  })

  test('starts no runner when the answer comes within 300 ms', async () => {
    const world = new World({ directStart: true })
    world.queue.fate = () => [300]
    await world.until(nothing(world).enqueue(1))
    await world.clock.advance(60_000)
    expect(world.directStarts).toBe(0)
  })

  test('sends the wake-up again after one second when ledgers start no runners', async () => {
    const world = silentWorld()
    const job = await world.until(nothing(world).enqueue(1))
    world.queue.fate = () => [5]
    await world.clock.advance(1_100)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })
})

describe('a queue that refuses wake-ups', () => {
  test('is reported, and does not make an enqueue fail', async () => {
    const world = silentWorld()
    world.queue.accept = () => Promise.reject(new Error('Too Many Requests'))
    const job = await world.until(nothing(world).enqueue(1))
    expect(await world.record(job.id)).toMatchObject({ state: 'queued' })
    expect(world.ledger().warned).toMatchObject([{ event: 'wake-up-not-sent', count: 1 }])
  })

  test('is tried again at growing intervals', async () => {
    const world = new World()
    let refusals = 0
    world.queue.accept = () => {
      refusals++
      return Promise.reject(new Error('Too Many Requests'))
    }
    const job = await world.until(nothing(world).enqueue(1))
    await world.clock.advance(3_600_000)
    expect(refusals).toBeLessThan(40)
    world.queue.accept = async () => {}
    await world.clock.advance(5 * 60_000 + 1_000)
    expect(await world.record(job.id)).toMatchObject({ state: 'completed' })
  })
})
