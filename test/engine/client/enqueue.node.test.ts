import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { connectionLost, overloaded } from '../../../src/testing/faults.ts'
import type { World, WorldOptions } from '../world.ts'
import { silentWorld } from '../world.ts'

const shardOf = (job: { id: string }) => Number(job.id.split('-')[0])

function users(options: WorldOptions = { shards: 4 }) {
  const world = silentWorld(options)
  const task = world.task({ name: 'greet', input: z.object({ n: z.number() }), run: ({ n }) => n })
  return { world, task }
}

const enqueues = (world: World) => world.ledgers.flatMap((ledger) => ledger.called('enqueue'))

describe('enqueue', () => {
  test('makes one call for the jobs that are enqueued together', async () => {
    const { world, task } = users()
    const jobs = await world.until(Promise.all([task.enqueue({ n: 1 }), task.enqueue({ n: 2 })]))
    expect(enqueues(world)).toHaveLength(1)
    const records = await Promise.all(jobs.map(({ id }) => world.record(id)))
    expect(records.map(({ input }) => input)).toEqual([{ n: 1 }, { n: 2 }])
  })

  test('sends one key of one task to one shard, whoever enqueues', async () => {
    const { world, task } = users()
    const first = await world.until(task.enqueue({ n: 1 }, { idempotencyKey: 'k' }))
    world.newWeb()
    await world.clock.advance(60_000)
    const second = await world.until(task.enqueue({ n: 1 }, { idempotencyKey: 'k' }))
    expect(second).toMatchObject({ id: first.id, duplicate: true })
    expect(first.duplicate).toBe(false)
  })

  test('keeps jobs with keys on the home shards, while plain jobs use all shards', async () => {
    const { world, task } = users({ shards: 16, homeShards: 2 })
    for (let n = 0; n < 40; n++) {
      expect(shardOf(await world.until(task.enqueue({ n }, { idempotencyKey: `k${n}` })))).toBeLessThan(2)
    }
    const shards = new Set<number>()
    for (let n = 0; n < 40; n++) {
      shards.add(shardOf(await world.until(task.enqueue({ n }))))
      await world.clock.advance(1_000)
    }
    expect(shards.size).toBeGreaterThan(8)
  })

  test('refuses a known key with another input', async () => {
    const { world, task } = users()
    await world.until(task.enqueue({ n: 1 }, { idempotencyKey: 'k' }))
    await expect(world.until(task.enqueue({ n: 2 }, { idempotencyKey: 'k' }))).rejects.toMatchObject({
      code: 'key-conflict',
    })
  })

  test('lets two tasks use the same key', async () => {
    const { world, task } = users()
    const other = world.task({ name: 'other', input: z.object({ n: z.number() }), run: () => {} })
    await world.until(task.enqueue({ n: 1 }, { idempotencyKey: 'k' }))
    expect(await world.until(other.enqueue({ n: 2 }, { idempotencyKey: 'k' }))).toMatchObject({ duplicate: false })
  })

  test('stores the input as it is at the call', async () => {
    const { world, task } = users()
    const input = { n: 1 }
    const enqueued = task.enqueue(input)
    input.n = 2
    expect(await world.record((await world.until(enqueued)).id)).toMatchObject({ input: { n: 1 } })
  })

  test('records one job when the first answer is lost', async () => {
    const { world, task } = users({ shards: 1 })
    let count = 0
    world.ledger().fault = () => (++count === 1 ? { when: 'after', error: connectionLost() } : undefined)
    const job = await world.until(task.enqueue({ n: 1 }))
    expect(job).toMatchObject({ state: 'queued', duplicate: false })
    expect(world.jobs()).toHaveLength(1)
    expect(enqueues(world)).toHaveLength(2)
  })

  test('backs off from an overloaded ledger, and in the end says so', async () => {
    const { world, task } = users({ shards: 1 })
    world.ledger().fault = () => ({ when: 'before', error: overloaded() })
    await expect(world.until(task.enqueue({ n: 1 }))).rejects.toMatchObject({ code: 'unavailable' })
    const times = enqueues(world).map(({ at }) => at)
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(gaps).toHaveLength(3)
    expect(gaps.every((gap, index) => gap >= 500 * 2 ** index)).toBe(true)
  })

  test('refuses another number of home shards than the ledgers began with', async () => {
    const { world, task } = users({ shards: 1 })
    await world.until(task.enqueue({ n: 1 }))
    const reply = await world.until(world.ledger().stub(world.web).enqueue({ homeShards: 2, jobs: [] }))
    expect(reply).toMatchObject({ refused: 'home-shards-mismatch', message: expect.stringContaining('began with 1') })
  })
})

describe('enqueueMany', () => {
  test('answers in the order of the inputs, over all shards', async () => {
    const { world, task } = users()
    const inputs = Array.from({ length: 50 }, (_, n) => ({ n }))
    const jobs = await world.until(task.enqueueMany(inputs, ({ n }) => ({ idempotencyKey: `k${n}` })))
    expect(new Set(jobs.map(shardOf)).size).toBe(4)
    for (const [n, { id }] of jobs.entries()) expect(await world.record(id)).toMatchObject({ input: { n } })
  })

  test('makes one call to each shard', async () => {
    const { world, task } = users()
    await world.until(task.enqueueMany(Array.from({ length: 900 }, (_, n) => ({ n }))))
    expect(enqueues(world)).toHaveLength(1)
  })

  test('writes nothing when one input is invalid', async () => {
    const { world, task } = users()
    const inputs = [{ n: 1 }, { n: 'two' as unknown as number }, { n: 3 }]
    await expect(world.until(task.enqueueMany(inputs))).rejects.toMatchObject({
      code: 'invalid-input',
      issues: [{ path: 'n' }],
    })
    expect(enqueues(world)).toHaveLength(0)
  })

  test('makes one job of equal keys in one call', async () => {
    const { world, task } = users()
    const jobs = await world.until(task.enqueueMany([{ n: 1 }, { n: 1 }], () => ({ idempotencyKey: 'k' })))
    expect(jobs[0]?.id).toBe(jobs[1]?.id)
    expect(jobs.map(({ duplicate }) => duplicate)).toEqual([false, true])
  })

  test.each([
    { what: 'more than ten thousand jobs', inputs: () => Array.from({ length: 10_001 }, (_, n) => ({ n })) },
    { what: 'more than 16 MiB', inputs: () => Array.from({ length: 40 }, (_, n) => ({ n, pad: 'x'.repeat(500_000) })) },
    { what: 'an input of more than 512 KiB', inputs: () => [{ n: 1, pad: 'x'.repeat(600_000) }] },
  ])('refuses $what before anything is written', async ({ inputs }) => {
    const { world, task } = users()
    await expect(world.until(task.enqueueMany(inputs()))).rejects.toMatchObject({ code: 'too-large' })
    expect(enqueues(world)).toHaveLength(0)
  })

  test('of no inputs answers with no jobs and calls no ledger', async () => {
    const { world, task } = users()
    expect(await world.until(task.enqueueMany([]))).toEqual([])
    expect(enqueues(world)).toHaveLength(0)
  })
})
