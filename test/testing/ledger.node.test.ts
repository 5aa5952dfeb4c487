import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { connectionLost } from '../../src/testing/faults.ts'
import { NodeWorld, type NodeWorldOptions } from '../../src/testing/node-world.ts'
import type { Observer } from '../../src/testing/observer.ts'

/** A world whose only calls are those of the test: nothing is served. */
function quietWorld(options: NodeWorldOptions = {}) {
  const world = new NodeWorld(options)
  world.queue.fate = () => []
  const task = world.unservedTask({ name: 'idle', input: z.object({ n: z.number() }), run: () => {} })
  const job = { id: '0-01JD9ZXW4T5RJ7QK8M2N6P0VBC', task: 'idle', input: '{}', maxAttempts: 1 }
  const enqueue = () =>
    world
      .ledger()
      .stub(world.web)
      .enqueue({ homeShards: 1, jobs: [job] })
  const enqueued = () => world.ledger().rows('SELECT id FROM jobs').length
  return { world, task, job, enqueue, enqueued }
}

describe('a call to a ledger', () => {
  test('takes the latency twice: for its request and for its answer', async () => {
    const { world, enqueue } = quietWorld()
    world.ledger().latencyMs = 20
    const begunAt = world.clock.now
    await world.until(enqueue())
    expect(world.clock.now - begunAt).toBe(40)
  })

  test('carries copies: neither side sees a later change of the other', async () => {
    const { world, job, enqueue } = quietWorld()
    const asked = enqueue()
    job.task = 'changed'
    await world.until(asked)
    expect(world.ledger().rows('SELECT task FROM jobs')).toEqual([{ task: 'idle' }])
  })

  test.each([
    { when: 'before' as const, recorded: 0 },
    { when: 'after' as const, recorded: 1 },
  ])('that fails $when it took effect leaves $recorded jobs', async ({ when, recorded }) => {
    const { world, enqueue, enqueued } = quietWorld()
    world.ledger().fault = () => ({ when, error: connectionLost() })
    await expect(world.until(enqueue())).rejects.toThrow('Network connection lost.')
    expect(enqueued()).toBe(recorded)
  })

  test('can be late on its way there, and on its way back', async () => {
    const { world, enqueue, enqueued } = quietWorld()
    world.ledger().fault = () => [
      { when: 'late', ms: 100, way: 'there' },
      { when: 'late', ms: 1_000 },
    ]
    const asked = enqueue()
    await world.clock.advance(100)
    expect(enqueued()).toBe(0)
    await world.clock.advance(1)
    expect(enqueued()).toBe(1)
    const answeredFrom = world.clock.now
    await world.until(asked)
    expect(world.clock.now - answeredFrom).toBe(1_001)
  })

  test('that is never answered takes effect', async () => {
    const { world, enqueue, enqueued } = quietWorld()
    world.ledger().fault = () => ({ when: 'never' })
    let isAnswered = false
    void enqueue().finally(() => {
      isAnswered = true
    })
    await world.clock.advance(60_000)
    expect([isAnswered, enqueued()]).toEqual([false, 1])
  })

  test('of a dead invocation never arrives, and no answer reaches an invocation that has died', async () => {
    const { world, enqueue, enqueued } = quietWorld()
    let answers = 0
    const heard = () => answers++
    void enqueue().then(heard, heard)
    world.web.die()
    await world.clock.advance(10)
    expect([answers, enqueued()]).toEqual([0, 1])
    void enqueue().then(heard, heard)
    await world.clock.advance(10)
    expect([answers, world.ledger().calls.length]).toEqual([0, 1])
  })

  test('fails when the invocation has used up its subrequests', async () => {
    const { world } = quietWorld()
    const few = world.cloud.invocation('web', world.web.isolate, 1)
    await world.until(world.ledger().stub(few).overview())
    await expect(world.until(world.ledger().stub(few).overview())).rejects.toThrow('Too many subrequests.')
  })
})

describe('a restart of a ledger', () => {
  test('fails the calls that it is answering', async () => {
    const { world } = quietWorld()
    world.ledger().restart()
    const task = world.task({ name: 'often', input: z.number(), run: () => {} })
    for (let n = 0; n < 5; n++) await world.until(task.enqueue(n))
    // Jobs arrive often, so that a sync with nothing to do is held.
    const held = world
      .ledger()
      .stub(world.web)
      .sync({
        runner: 'r',
        seq: 1,
        ack: 0,
        tasks: { other: 1_000 },
        settle: [],
        heartbeats: [],
        want: 1,
        remainingMs: 60_000,
      })
    await world.clock.advance(10)
    expect(world.ledger().openCalls).toBe(1)
    const failed = expect(held).rejects.toThrow('its code was updated')
    world.ledger().restart(new Error('Durable Object reset because its code was updated.'))
    await world.clock.advance(10)
    await failed
    expect([world.ledger().openCalls, world.ledger().timers]).toEqual([0, 0])
  })

  test('within a transaction takes its rows and its alarm back', async () => {
    const { world, enqueue, enqueued } = quietWorld()
    await world.until(world.ledger().stub(world.web).overview())
    world.ledger().sqlFault = (statement) => {
      if (!statement.startsWith('INSERT INTO jobs')) return undefined
      world.ledger().restart()
      return new Error('this object was reset')
    }
    await expect(world.until(enqueue())).rejects.toThrow('Network connection lost.')
    expect([enqueued(), world.ledger().alarm.at]).toEqual([0, undefined])
  })
})

describe('a ledger that is idle for ten seconds', () => {
  const activations = async (hibernates: boolean) => {
    let count = 0
    const observer: Observer = { activating: () => count++ }
    const { world } = quietWorld({ hibernates, observer })
    for (let n = 0; n < 3; n++) {
      await world.until(world.ledger().stub(world.web).overview())
      await world.clock.advance(11_000)
    }
    return count
  }

  test('forgets its memory where it hibernates', async () => {
    expect(await activations(true)).toBe(3)
  })

  test('keeps its memory where it does not', async () => {
    expect(await activations(false)).toBe(1)
  })
})

describe('an alarm', () => {
  /** A world with one alarm that is due in ten seconds, and the times at which it reaches the ledger. */
  async function armed() {
    const rings: number[] = []
    const observer: Observer = { rang: () => rings.push(world.clock.now - begunAt) }
    const { world, task } = quietWorld({ observer })
    const begunAt = world.clock.now
    await world.until(task.enqueue({ n: 1 }, { delay: '10s' }))
    const { alarm } = world.ledger()
    return { world, rings, alarm, dueMs: (alarm.at ?? 0) - begunAt }
  }

  test('rings at its time', async () => {
    const { world, rings, dueMs } = await armed()
    await world.clock.advance(dueMs)
    expect(rings).toEqual([dueMs])
  })

  test('that is stuck stays armed and never rings', async () => {
    const { world, rings, alarm, dueMs } = await armed()
    alarm.fate = () => 'stuck'
    await world.clock.advance(dueMs + 60_000)
    expect([rings, alarm.isLost, alarm.at === undefined]).toEqual([[], true, false])
  })

  test('that is lost is gone without having rung', async () => {
    const { world, rings, alarm, dueMs } = await armed()
    alarm.fate = () => 'lost'
    await world.clock.advance(dueMs + 60_000)
    expect([rings, alarm.isLost, alarm.at]).toEqual([[], true, undefined])
  })

  test('may ring twice', async () => {
    const { world, rings, alarm, dueMs } = await armed()
    alarm.fate = () => {
      alarm.fate = () => 'rings'
      return { againInMs: 50 }
    }
    await world.clock.advance(dueMs + 60)
    expect(rings).toEqual([dueMs, dueMs + 50])
  })

  test('that dies with its ledger before it has armed the next one is tried again', async () => {
    const { world, rings, alarm, dueMs } = await armed()
    const ledger = world.ledger()
    ledger.restart()
    ledger.sqlFault = () => {
      ledger.sqlFault = () => undefined
      ledger.restart()
      return new Error('this object was reset')
    }
    await world.clock.advance(dueMs)
    expect([rings, alarm.at, ledger.ringing]).toEqual([[dueMs], undefined, 1])
    await world.clock.advance(2_100)
    expect(rings[1]).toBe(dueMs + 2_000)
    expect(ledger.rung).toBeGreaterThan(0)
  })
})
