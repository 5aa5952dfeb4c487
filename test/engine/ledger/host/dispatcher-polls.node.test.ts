import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { SyncReply, SyncRequest } from '../../../../src/engine/ledger/protocol/protocol.ts'
import type { World } from '../../world.ts'
import { silentWorld } from '../../world.ts'

/** A world in which jobs have arrived at this interval, all of them worked off. */
async function arrivals(everyMs: number) {
  const world = silentWorld()
  const task = world.task({ name: 'nothing', input: z.number(), timeout: '14m', run: (ms) => world.clock.sleep(ms) })
  for (let n = 0; n < 10; n++) {
    await world.until(task.enqueue(1))
    await world.clock.advance(everyMs)
  }
  await world.until(task.enqueue(1))
  const { sync } = world.ledger().stub(world.web)
  const ask = (fields: Partial<SyncRequest>) => {
    const question: SyncRequest = {
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
    return sync(question)
  }
  return { world, task, ask }
}

/** The first sync of the asker takes all there is; it gives back what it got, settled. */
async function dried(world: World, ask: (fields: Partial<SyncRequest>) => Promise<SyncReply>, want = 20) {
  const { claimed } = await world.until(ask({ want }))
  return claimed.map(({ id, lease }) => ({ id, lease, ranMs: 1, outcome: { kind: 'completed' } as const }))
}

describe('a sync with nothing to answer', () => {
  test('is held while arrivals are frequent, for a second at most', async () => {
    const { world, ask } = await arrivals(50)
    const settle = await dried(world, ask)
    const sentAt = world.clock.now
    const held = ask({ seq: 2, ack: 1, settle })
    await world.clock.advance(500)
    expect(world.ledger().openCalls).toBe(1)
    expect(await world.until(held)).toMatchObject({ claimed: [] })
    expect(world.clock.now - sentAt).toBe(1_002)
    expect(world.ledger().timers).toBe(0)
  })

  test('is answered at once where arrivals are seldom', async () => {
    const { world, ask } = await arrivals(600)
    const settle = await dried(world, ask)
    const sentAt = world.clock.now
    await world.until(ask({ seq: 2, ack: 1, settle }))
    expect(world.clock.now - sentAt).toBe(2)
  })

  test('is answered at once when arrivals have stopped', async () => {
    const { world, ask } = await arrivals(50)
    const settle = await dried(world, ask)
    await world.clock.advance(1_100)
    const sentAt = world.clock.now
    await world.until(ask({ seq: 2, ack: 1, settle }))
    expect(world.clock.now - sentAt).toBe(2)
  })

  test('is answered at once when its runner wants nothing', async () => {
    const { world, ask } = await arrivals(50)
    const settle = await dried(world, ask)
    const sentAt = world.clock.now
    await world.until(ask({ seq: 2, ack: 1, settle, want: 0 }))
    expect(world.clock.now - sentAt).toBe(2)
  })

  test('is answered by an arrival', async () => {
    const { world, task, ask } = await arrivals(50)
    const settle = await dried(world, ask)
    const held = ask({ seq: 2, ack: 1, settle })
    await world.clock.advance(100)
    const job = await world.until(task.enqueue(1))
    expect(await world.until(held)).toMatchObject({ claimed: [{ id: job.id }] })
    expect(world.ledger().timers).toBe(0)
  })

  test('is released empty by a newer one of its runner', async () => {
    const { world, ask } = await arrivals(50)
    const settle = await dried(world, ask)
    const held = ask({ seq: 2, ack: 1, settle })
    await world.clock.advance(100)
    const newer = ask({ seq: 3, ack: 1, want: 0 })
    const sentAt = world.clock.now
    expect(await world.until(held)).toEqual({ claimed: [], lost: [], cancelled: [], leaseMs: 0 })
    expect(world.clock.now - sentAt).toBe(2)
    await world.until(newer)
  })

  test('is held beside three others and no more', async () => {
    const { world, ask } = await arrivals(50)
    await dried(world, ask)
    const asked = Array.from({ length: 6 }, (_, n) => ask({ runner: `runner${n}` }))
    await world.clock.advance(10)
    expect(world.ledger().openCalls).toBe(4)
    await world.until(Promise.all(asked))
  })

  test('fails, rather than never to be answered, when the storage is broken at its end', async () => {
    const { world, ask } = await arrivals(50)
    const settle = await dried(world, ask)
    const held = ask({ seq: 2, ack: 1, settle })
    await world.clock.advance(100)
    world.ledger().sqlFault = () => new Error('disk I/O error')
    const failed = expect(held).rejects.toThrow('disk I/O error')
    await world.clock.advance(1_000)
    await failed
  })

  test('settles nothing a second time when it is answered', async () => {
    const { world, task, ask } = await arrivals(50)
    const settle = await dried(world, ask)
    const held = ask({ seq: 2, ack: 1, settle })
    await world.clock.advance(100)
    await world.until(task.enqueue(1))
    expect(await world.until(held)).toMatchObject({ lost: [] })
    const record = await world.record(settle[0]?.id ?? '')
    expect(record.history).toHaveLength(1)
  })
})

describe('a ledger', () => {
  test('answers no call and sets no timer while a handler runs for minutes (I13)', async () => {
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
