import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { silentWorld, World } from '../world.ts'

/** A deployment of four shards with jobs on each. */
async function filled(jobs = 40) {
  const world = silentWorld({ shards: 4 })
  const task = world.task({ name: 'work', input: z.number(), concurrency: 2, run: () => {} })
  const plain = world.task({ name: 'plain', input: z.number(), run: () => {} })
  for (let n = 0; n < jobs; n++) await world.until(plain.enqueue(n, { idempotencyKey: `${n}` }))
  const away = (shard: number, isAway = true) => {
    world.ledger(shard).fault = () => (isAway ? { when: 'before', error: new Error('away') } : undefined)
  }
  const versions = () =>
    world.ledgers
      .map((ledger) => ledger.rows<{ value: string }>(`SELECT value FROM facts WHERE name = 'settings'`))
      .map(([row]) => (row ? (JSON.parse(row.value) as { version: number }).version : 0))
  const count = (state: string) => world.jobs().filter((job) => job.state === state).length
  return { world, task, plain, away, versions, count }
}

describe('a setting', () => {
  test('is one version on every shard', async () => {
    const { world, versions } = await filled()
    const { settings, missing } = await world.until(world.chard.pause())
    expect(missing).toEqual([])
    expect(versions()).toEqual(Array(4).fill(settings.version))
    expect(await world.until(world.chard.settings())).toEqual(settings)
  })

  test('names the shard that did not answer as missing, and the watchdog brings it there', async () => {
    const { world, away, versions } = await filled()
    away(2)
    const { settings, missing } = await world.until(world.chard.tasks.setLimits('work', { concurrency: 1 }))
    expect(missing).toEqual([2])
    expect(versions()).toEqual([settings.version, settings.version, 0, settings.version])
    away(2, false)
    await world.until(world.watchdog())
    expect(versions()).toEqual(Array(4).fill(settings.version))
  })

  test('is not made when shard 0 does not answer, and nothing changes anywhere', async () => {
    const { world, away, versions } = await filled()
    away(0)
    await expect(world.until(world.chard.pause())).rejects.toMatchObject({ code: 'unavailable' })
    expect(versions()).toEqual([0, 0, 0, 0])
  })

  test('whose answer was lost holds all the same, and a second call makes a newer version', async () => {
    const { world, versions } = await filled()
    let lost = 0
    world.ledger(0).fault = (verb) =>
      verb === 'change' && lost++ === 0 ? { when: 'after', error: new Error('Network connection lost.') } : undefined
    const { settings } = await world.until(world.chard.tasks.pause('plain'))
    expect(settings.tasks).toEqual({ plain: { paused: true } })
    expect(new Set(versions())).toEqual(new Set([settings.version]))
  })

  test('that the watchdog brings late does not undo a newer one', async () => {
    const { world, away } = await filled()
    away(1)
    await world.until(world.chard.pause())
    away(1, false)
    const { settings } = await world.until(world.chard.resume())
    await world.until(world.watchdog())
    for (const ledger of world.ledgers)
      expect((await world.until(ledger.stub(world.web).settings())).version).toBe(settings.version)
  })

  test('that the watchdog cannot read from shard 0 does not keep it from checking the alarms', async () => {
    const { world, away } = await filled()
    away(0)
    world.ledger(1).alarm.set(undefined)
    world.ledger(1).restart()
    expect(await world.until(world.watchdog())).toEqual({ rearmed: 1, missing: [0] })
  })
})

describe('a setting of one task', () => {
  test.each(['pause', 'resume', 'drain'] as const)(
    'without a name is refused: %s would be for every task',
    async (verb) => {
      const { world, versions } = await filled(0)
      await expect(world.until(world.chard.tasks[verb](undefined as never))).rejects.toMatchObject({
        code: 'invalid-option',
        message: "task is undefined; it takes a task's name",
      })
      expect(versions()).toEqual([0, 0, 0, 0])
    },
  )
})

describe('drain', () => {
  test('says how many jobs are left, and refuses new ones until resume', async () => {
    const { world, plain } = await filled(10)
    expect(await world.until(world.chard.tasks.drain('plain'))).toMatchObject({ left: 10, missing: [] })
    await expect(world.until(plain.enqueue(1))).rejects.toMatchObject({ code: 'draining' })
    expect(await world.until(world.chard.tasks.drain('work'))).toMatchObject({ left: 0 })
    await world.until(world.runner(0).run())
    const { left } = await world.until(world.chard.drain())
    expect(left).toBeLessThan(10)
    await world.until(world.chard.resume())
    await world.until(plain.enqueue(1))
  })

  test('names the shards that did not answer', async () => {
    const { world, away } = await filled(10)
    away(3)
    expect((await world.until(world.chard.tasks.drain('plain'))).missing).toEqual([3])
  })
})

describe('a bulk action', () => {
  test('reaches every shard, and its progress is the sum', async () => {
    const { world, count } = await filled(40)
    const begun = await world.until(world.chard.jobs.cancelMany({ task: 'plain' }))
    expect(begun).toMatchObject({ action: 'cancel', state: 'running', missing: [] })
    await world.clock.advance(1_000)
    expect(await world.until(world.chard.jobs.bulk(begun.id))).toMatchObject({
      state: 'done',
      looked: 40,
      changed: 40,
    })
    expect(count('cancelled')).toBe(40)
  })

  test('that missed a shard is begun there by the same call, and is begun nowhere twice', async () => {
    const { world, away, plain, count } = await filled(40)
    away(1)
    const first = await world.until(world.chard.jobs.cancelMany({}, { idempotencyKey: 'monday' }))
    expect(first.missing).toEqual([1])
    await world.clock.advance(1_000)
    expect(await world.until(world.chard.jobs.bulk(first.id))).toMatchObject({ state: 'running', missing: [1] })
    const left = count('queued')
    expect(left).toBeGreaterThan(0)
    away(1, false)
    const fresh = await world.until(plain.enqueue(99, { idempotencyKey: 'fresh' }))
    await world.until(world.chard.jobs.cancelMany({}, { idempotencyKey: 'monday' }))
    await world.clock.advance(1_000)
    const end = await world.until(world.chard.jobs.bulk(first.id))
    expect(end).toMatchObject({ state: 'done', missing: [] })
    expect(end.changed).toBe(count('cancelled'))
    expect(count('cancelled')).toBeGreaterThanOrEqual(40)
    if (!fresh.id.startsWith('1-')) expect(await world.record(fresh.id)).toMatchObject({ state: 'queued' })
  })

  test('under the key of another action is refused', async () => {
    const { world } = await filled(4)
    await world.until(world.chard.jobs.cancelMany({}, { idempotencyKey: 'k' }))
    await expect(world.until(world.chard.jobs.redriveMany({}, { idempotencyKey: 'k' }))).rejects.toMatchObject({
      code: 'key-conflict',
    })
  })

  test('that does not exist is unknown', async () => {
    const { world } = await filled(1)
    await expect(world.until(world.chard.jobs.bulk('x'))).rejects.toMatchObject({ code: 'unknown-bulk' })
  })

  test('that redrives runs the failed jobs again', async () => {
    const world = new World({ shards: 2 })
    let isBroken = true
    const task = world.task({
      name: 'fragile',
      input: z.number(),
      retry: { maxAttempts: 1 },
      run: () => {
        if (isBroken) throw new Error('the provider is down')
      },
    })
    await world.until(task.enqueueMany([1, 2, 3]))
    await world.untilFinal()
    isBroken = false
    await world.clock.advance(10)
    await world.until(world.chard.jobs.redriveMany({ state: 'failed' }))
    await world.clock.advance(5_000)
    expect(world.jobs().map(({ state, attempt }) => [state, attempt])).toEqual(Array(3).fill(['completed', 2]))
  })
})

describe('the schedules of a deployment', () => {
  test('are listed and controlled where they live, and a slot runs', async () => {
    const world = new World({ shards: 4 })
    const ran: number[] = []
    const task = world.task({ name: 'tick', input: z.number(), run: (n) => void ran.push(n) })
    for (const n of [1, 2, 3]) world.schedule({ name: `s${n}`, every: '1m', task, input: n })
    expect((await world.until(world.chard.schedules.list())).schedules.map(({ name }) => name)).toEqual([
      's1',
      's2',
      's3',
    ])
    await world.clock.advance(60_100)
    expect(ran.toSorted()).toEqual([1, 2, 3])
    expect(await world.until(world.chard.schedules.pause('s2'))).toMatchObject({ name: 's2', state: 'paused' })
    await world.clock.advance(60_100)
    expect(ran).toHaveLength(5)
    const job = await world.until(world.chard.schedules.trigger('s2'))
    expect(await world.until(job.wait('5s'))).toMatchObject({ state: 'completed', schedule: { name: 's2' } })
    expect(await world.until(world.chard.schedules.resume('s2'))).toMatchObject({
      state: 'active',
      history: [{ skipped: 'paused' }, { trigger: true }, { job: expect.any(String) }],
    })
  })

  test('that the code does not define are unknown', async () => {
    const world = silentWorld()
    for (const verb of ['get', 'pause', 'resume', 'trigger'] as const)
      await expect(world.until(world.chard.schedules[verb]('nobody') as Promise<unknown>)).rejects.toMatchObject({
        code: 'unknown-schedule',
      })
  })

  test('begin without a call, because the watchdog wakes their ledgers', async () => {
    const world = new World({ shards: 2 })
    const ran: number[] = []
    const task = world.task({ name: 'tick', input: z.number(), run: (n) => void ran.push(n) })
    world.schedule({ name: 's', every: '10s', task, input: 1 })
    await world.until(world.watchdog())
    await world.clock.advance(30_100)
    expect(ran).toHaveLength(3)
  })
})
