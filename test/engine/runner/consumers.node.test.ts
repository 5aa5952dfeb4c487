import { describe, expect, test } from 'vitest'
import { answerWakeUps, reportDeadWakeUps } from '../../../src/engine/runner/consumers.ts'
import { World } from '../world.ts'

/** A batch of wake-ups with these bodies, and how it is answered. */
function batchOf(...bodies: unknown[]) {
  const platform = new World().invocation()
  const seen: string[] = []
  const messages = bodies.map((body, index) => ({ id: `${index}`, body, ack: () => seen.push(`ack ${index}`) }))
  const ports = {
    platform,
    isShard: (shard: number) => shard < 8,
    runShard: async (shard: number) => {
      seen.push(`run ${shard}`)
      if (shard === 7) throw new Error('no')
      return { runner: 'r', jobs: 1, syncs: 2 }
    },
  }
  return { platform, ports, seen, batch: { queue: 'chard-jobs', messages } as unknown as MessageBatch }
}

describe('a consumer', () => {
  test('acknowledges every wake-up before it runs anything, because it is only a hint', async () => {
    const { ports, batch, seen } = batchOf({ shard: 1 }, { shard: 2 })
    await answerWakeUps(ports, batch)
    expect(seen).toEqual(['ack 0', 'ack 1', 'run 1', 'run 2'])
  })

  test('runs a shard once, however many wake-ups a batch holds for it', async () => {
    const { ports, batch, seen } = batchOf({ shard: 1 }, { shard: 1 })
    await answerWakeUps(ports, batch)
    expect(seen).toEqual(['ack 0', 'ack 1', 'run 1'])
  })

  test.each([
    [undefined],
    [null],
    ['shard 3'],
    [{}],
    [{ shard: '3' }],
    [{ shard: -1 }],
    [{ shard: 1.5 }],
    [{ shard: 8 }],
    [{ shard: Number.NaN }],
  ])('acknowledges and reports what it does not understand: %j', async (body) => {
    const { ports, batch, seen, platform } = batchOf(body)
    await answerWakeUps(ports, batch)
    expect(seen).toEqual(['ack 0'])
    expect(platform.events('wake-up-not-understood')).toHaveLength(1)
  })

  test('ignores fields that a newer version has added', async () => {
    const { ports, batch, seen } = batchOf({ shard: 1, hint: 'urgent' })
    await answerWakeUps(ports, batch)
    expect(seen).toEqual(['ack 0', 'run 1'])
  })

  test('does not throw when a runner does, and runs the others', async () => {
    const { ports, batch, seen, platform } = batchOf({ shard: 7 }, { shard: 1 })
    await answerWakeUps(ports, batch)
    expect(seen).toContain('run 1')
    expect(platform.events('runner-failed')).toMatchObject([{ shard: 7, error: 'Error: no' }])
  })

  test('logs what its runner did', async () => {
    const { ports, batch, platform } = batchOf({ shard: 1 })
    await answerWakeUps(ports, batch)
    expect(platform.events('runner')).toEqual([{ event: 'runner', shard: 1, runner: 'r', jobs: 1, syncs: 2 }])
  })
})

test('dead wake-ups are acknowledged and reported, and nothing is sent', () => {
  const { ports, batch, seen, platform } = batchOf({ shard: 1 }, 'nonsense')
  reportDeadWakeUps(ports, batch)
  expect(seen).toEqual(['ack 0', 'ack 1'])
  expect(platform.events('wake-up-dead')).toMatchObject([{ shard: 1 }, { shard: null }])
})
