import { describe, expect, test } from 'vitest'
import { Clock } from '../../src/testing/clock.ts'
import { NodeWorld } from '../../src/testing/node-world.ts'
import { VirtualQueue } from '../../src/testing/queue.ts'

/** A queue, and what its consumers got. `consume` says how long a consumer works, and whether it dies. */
function queued(consume: { ms?: number; dies?: boolean; consumersMax?: number } = {}) {
  const { ms = 0, dies = false, consumersMax = Number.POSITIVE_INFINITY } = consume
  const clock = new Clock()
  const begunAt = clock.now
  const got: { at: number; queue: string; body: unknown }[] = []
  const queue = new VirtualQueue({
    clock,
    observer: {},
    consumersMax,
    consume: async ({ queue: name, messages: [message] }) => {
      got.push({ at: clock.now - begunAt, queue: name, body: message?.body })
      if (ms > 0) await clock.sleep(ms)
      return !dies
    },
  })
  const sender = new NodeWorld().web
  const send = (...bodies: unknown[]) =>
    queue.sendBatch(
      sender,
      bodies.map((body) => ({ body })),
    )
  return { clock, queue, got, send }
}

describe('the queue', () => {
  test('brings each message to a consumer after a few milliseconds', async () => {
    const { clock, got, send } = queued()
    await send('a', 'b')
    await clock.advance(100)
    expect(got.map(({ at, body }) => [at, body])).toEqual([
      [5, 'a'],
      [5, 'b'],
    ])
  })

  test('loses, doubles and delays messages as its hook says', async () => {
    const { clock, queue, got, send } = queued()
    queue.fate = (body) => (body === 'lost' ? [] : body === 'doubled' ? [5, 20] : [50])
    await send('lost', 'doubled', 'late')
    await clock.advance(100)
    expect(got.map(({ at, body }) => [at, body])).toEqual([
      [5, 'doubled'],
      [20, 'doubled'],
      [50, 'late'],
    ])
    expect(queue.sent).toEqual(['lost', 'doubled', 'late'])
  })

  test('that refuses takes nothing', async () => {
    const { queue, send } = queued()
    queue.accept = () => Promise.reject(new Error('Too Many Requests'))
    await expect(send('a')).rejects.toThrow('Too Many Requests')
    expect(queue.sent).toEqual([])
  })

  test('that fails after it has taken the messages brings them all the same', async () => {
    const { clock, queue, got, send } = queued()
    queue.confirm = () => Promise.reject(new Error('Network connection lost.'))
    await expect(send('a')).rejects.toThrow('Network connection lost.')
    await clock.advance(10)
    expect(got).toHaveLength(1)
  })

  test('has no more consumers at work than it may have', async () => {
    const { clock, got, send } = queued({ ms: 100, consumersMax: 2 })
    await send(1, 2, 3, 4, 5)
    await clock.advance(1_000)
    expect(got.map(({ at }) => at)).toEqual([5, 5, 105, 105, 205])
  })

  test('gives a message out again whose consumer has died, and at last to the dead-letter queue', async () => {
    const { clock, got, send } = queued({ dies: true })
    await send('a')
    await clock.advance(60_000)
    expect(got.map(({ queue }) => queue)).toEqual([...Array(4).fill('chard-jobs'), 'chard-jobs-dead'])
  })
})
