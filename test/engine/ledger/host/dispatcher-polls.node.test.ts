import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { SyncReply, SyncRequest } from '../../../../src/engine/ledger/protocol/sync.ts'
import type { World } from '../../world.ts'
import { silentWorld } from '../../world.ts'

/** A world in which jobs have arrived at this interval and wait, and a function that sends the syncs of a runner. */
async function arrivals(everyMs: number) {
  const world = silentWorld()
  const task = world.task({ name: 'nothing', input: z.number(), timeout: '14m', run: (ms) => world.clock.sleep(ms) })
  for (let n = 0; n < 10; n++) {
    await world.until(task.enqueue(1))
    await world.clock.advance(everyMs)
  }
  await world.until(task.enqueue(1))
  const { sync } = world.ledger().stub(world.web)
  const poll = (fields: Partial<SyncRequest>) => {
    const request: SyncRequest = {
      runner: 'asker',
      seq: 1,
      ack: 0,
      tasks: { nothing: 1_000 },
      settle: [],
      heartbeats: [],
      want: 10,
      remainingMs: 60_000,
      ...fields,
    }
    return sync(request)
  }
  return { world, task, poll }
}

/** Claims every job that waits. Returns the settlements that complete them, for the next sync. */
async function claimAll(world: World, poll: (fields: Partial<SyncRequest>) => Promise<SyncReply>, want = 20) {
  const { claimed } = await world.until(poll({ want }))
  return claimed.map(({ id, lease }) => ({ id, lease, ranMs: 1, outcome: { kind: 'completed' } as const }))
}

describe('a sync that finds no job', () => {
  test('is held for one second at most while jobs arrive often', async () => {
    const { world, poll } = await arrivals(50)
    const settle = await claimAll(world, poll)
    const sentAt = world.clock.now
    const held = poll({ seq: 2, ack: 1, settle })
    await world.clock.advance(500)
    expect(world.ledger().openCalls).toBe(1)
    expect(await world.until(held)).toMatchObject({ claimed: [] })
    expect(world.clock.now - sentAt).toBe(1_002)
    expect(world.ledger().timers).toBe(0)
  })

  test('is answered at once when jobs arrive seldom', async () => {
    const { world, poll } = await arrivals(600)
    const settle = await claimAll(world, poll)
    const sentAt = world.clock.now
    await world.until(poll({ seq: 2, ack: 1, settle }))
    expect(world.clock.now - sentAt).toBe(2)
  })

  test('is answered at once when jobs have stopped arriving', async () => {
    const { world, poll } = await arrivals(50)
    const settle = await claimAll(world, poll)
    await world.clock.advance(1_100)
    const sentAt = world.clock.now
    await world.until(poll({ seq: 2, ack: 1, settle }))
    expect(world.clock.now - sentAt).toBe(2)
  })

  test('is answered at once when its runner wants no job', async () => {
    const { world, poll } = await arrivals(50)
    const settle = await claimAll(world, poll)
    const sentAt = world.clock.now
    await world.until(poll({ seq: 2, ack: 1, settle, want: 0 }))
    expect(world.clock.now - sentAt).toBe(2)
  })

  test('is answered with the next job that arrives', async () => {
    const { world, task, poll } = await arrivals(50)
    const settle = await claimAll(world, poll)
    const held = poll({ seq: 2, ack: 1, settle })
    await world.clock.advance(100)
    const job = await world.until(task.enqueue(1))
    expect(await world.until(held)).toMatchObject({ claimed: [{ id: job.id }] })
    expect(world.ledger().timers).toBe(0)
  })

  test('is answered without jobs as soon as its runner sends a newer sync', async () => {
    const { world, poll } = await arrivals(50)
    const settle = await claimAll(world, poll)
    const held = poll({ seq: 2, ack: 1, settle })
    await world.clock.advance(100)
    const newer = poll({ seq: 3, ack: 1, want: 0 })
    const sentAt = world.clock.now
    expect(await world.until(held)).toEqual({ claimed: [], lost: [], cancelled: [], leaseMs: 0 })
    expect(world.clock.now - sentAt).toBe(2)
    await world.until(newer)
  })

  test('is held together with at most three others', async () => {
    const { world, poll } = await arrivals(50)
    await claimAll(world, poll)
    const polls = Array.from({ length: 6 }, (_, n) => poll({ runner: `runner${n}` }))
    await world.clock.advance(10)
    expect(world.ledger().openCalls).toBe(4)
    await world.until(Promise.all(polls))
  })

  test('fails when the storage fails at the end of the hold, and does not stay unanswered', async () => {
    const { world, poll } = await arrivals(50)
    const settle = await claimAll(world, poll)
    const held = poll({ seq: 2, ack: 1, settle })
    await world.clock.advance(100)
    world.ledger().sqlFault = () => new Error('disk I/O error')
    const failed = expect(held).rejects.toThrow('disk I/O error')
    await world.clock.advance(1_000)
    await failed
  })

  test('does not settle its jobs a second time when it is answered', async () => {
    const { world, task, poll } = await arrivals(50)
    const settle = await claimAll(world, poll)
    const held = poll({ seq: 2, ack: 1, settle })
    await world.clock.advance(100)
    await world.until(task.enqueue(1))
    expect(await world.until(held)).toMatchObject({ lost: [] })
    const record = await world.record(settle[0]?.id ?? '')
    expect(record.history).toHaveLength(1)
  })
})

describe('a ledger', () => {
  test('has no open call and no timer while a handler runs for minutes (I13)', async () => {
    const world = silentWorld()
    const task = world.task({ name: 'long', input: z.number(), timeout: '14m', run: (ms) => world.clock.sleep(ms) })
    await world.until(task.enqueue(13 * 60_000))
    const report = world.runner().run()
    let isOver = false
    void report.then(() => {
      isOver = true
    })
    let awake = 0
    await world.clock.runWhile(() => {
      awake = Math.max(awake, world.ledger().openCalls, world.ledger().timers)
      return !isOver
    })
    expect(awake).toBe(0)
    expect(await world.until(report)).toMatchObject({ jobs: 1 })
    expect(world.ledger().alarm.timesSet).toBeLessThan(100)
  })
})
