/** Where jobs live that share something, and what a key may ask for. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { EnqueueOptions } from '../../../src/engine/task/enqueue-options.ts'
import type { TaskOptions } from '../../../src/engine/task/task-options.ts'
import { silentWorld } from '../world.ts'

const shardOf = (job: { id: string }) => Number(job.id.split('-')[0])
const input = z.object({ who: z.string(), n: z.number() })
type Options = Partial<TaskOptions<typeof input, void>>

function tasked(more: Options, shards = 16, homeShards = 8) {
  const world = silentWorld({ shards, homeShards })
  const task = world.task({ name: 'mail', input, run: () => {}, ...more })
  /** The shards on which jobs of these people land, enqueued over minutes by ever new isolates. */
  const shardsOf = async (people: string[], options: (n: number) => EnqueueOptions = () => ({})) => {
    const found = new Set<number>()
    for (const [n, who] of people.entries()) {
      found.add(shardOf(await world.until(task.enqueue({ who, n }, options(n)))))
      await world.clock.advance(1_001)
      world.newWeb()
    }
    return found
  }
  return { world, task, shardsOf }
}

const people = Array.from({ length: 30 }, (_, n) => `p${n}`)
const same = Array<string>(30).fill('ann')
const partition: Options = { partition: ({ who }) => who }
const rateLimit = { limit: 1, per: '1s' } as const

describe('the home shard of a job', () => {
  test.each<{ what: string; more: Options; who: string[]; shards: 'one' | 'any home shard' | 'any'; because: string }>([
    { what: 'a plain one', more: {}, who: people, shards: 'any', because: 'nothing brings it together' },
    { what: 'a partition', more: partition, who: same, shards: 'one', because: 'its jobs share limits and turns' },
    { what: 'many partitions', more: partition, who: people, shards: 'any home shard', because: 'each has its home' },
    { what: 'a limited task', more: { rateLimit }, who: people, shards: 'one', because: 'one ledger counts' },
    { what: 'one with places', more: { concurrency: 2 }, who: people, shards: 'one', because: 'one ledger counts' },
    {
      what: 'a limited task with partitions',
      more: { ...partition, concurrency: 2 },
      who: people,
      shards: 'one',
      because: 'the task as a whole is limited',
    },
    {
      what: 'limits of partitions alone',
      more: { ...partition, perPartition: { rateLimit } },
      who: people,
      shards: 'any home shard',
      because: 'only each partition is counted',
    },
  ])('with $what is $shards, because $because', async ({ more, who, shards }) => {
    const { shardsOf } = tasked(more)
    const found = await shardsOf(who)
    if (shards === 'one') expect(found.size).toBe(1)
    else expect(found.size).toBeGreaterThan(4)
    if (shards !== 'any') expect(Math.max(...found)).toBeLessThan(8)
    else expect(Math.max(...found)).toBeGreaterThan(7)
  })

  test('with a key and a partition is that of the partition, within which the key is unique', async () => {
    const { world, task, shardsOf } = tasked(partition)
    expect((await shardsOf(same, (n) => ({ unique: { key: `k${n}` } }))).size).toBe(1)
    const jobs = await world.until(
      task.enqueueMany(
        people.map((who, n) => ({ who, n })),
        () => ({ unique: { key: 'shared' } }),
      ),
    )
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(30)
  })

  test.each<{ what: string; options: EnqueueOptions }>([
    { what: 'idempotencyKey', options: { idempotencyKey: 'k' } },
    { what: 'unique', options: { unique: { key: 'k' } } },
    { what: 'a rule of it', options: { unique: { key: 'k', debounce: '1s' } } },
  ])('with a key, as $what, is that of the key', async ({ options }) => {
    const { world, task } = tasked({})
    const first = await world.until(task.enqueue({ who: 'a', n: 1 }, options))
    await world.clock.advance(100)
    world.newWeb()
    expect(await world.until(task.enqueue({ who: 'a', n: 1 }, options))).toMatchObject({
      id: first.id,
      duplicate: true,
    })
  })

  test('of a schedule is that of its jobs', async () => {
    const { world, task } = tasked(partition)
    world.schedule({ name: 'daily', every: '1m', task, input: { who: 'ann', n: 1 } })
    const job = await world.until(task.enqueue({ who: 'ann', n: 2 }))
    const slot = await world.until(world.chard.schedules.trigger('daily'))
    expect(shardOf(slot)).toBe(shardOf(job))
    expect(await world.record(slot.id)).toMatchObject({ schedule: { name: 'daily' }, partition: 'ann' })
  })

  test('is the same for jobs of one call, whatever the order of their inputs', async () => {
    const { world, task } = tasked(partition)
    const inputs = people.map((who, n) => ({ who, n }))
    const first = await world.until(task.enqueueMany(inputs))
    const second = await world.until(task.enqueueMany(inputs.toReversed()))
    expect(second.map(shardOf).toReversed()).toEqual(first.map(shardOf))
  })
})

describe('the partition of a job', () => {
  test.each([
    { what: 'nothing', partition: () => undefined as unknown as string },
    { what: 'an empty text', partition: () => '' },
    { what: 'a text that is too long', partition: () => 'x'.repeat(257) },
  ])('that is $what is refused before anything is written', async ({ partition: of }) => {
    const { world, task } = tasked({ partition: of })
    await expect(world.until(task.enqueue({ who: 'a', n: 1 }))).rejects.toMatchObject({ code: 'invalid-input' })
    expect(world.jobs()).toEqual([])
  })

  test('is computed from the input as it will be read back', async () => {
    const { world, task } = tasked({ partition: ({ who }) => who.toUpperCase() })
    const { id } = await world.until(task.enqueue({ who: 'ann', n: 1 }))
    expect(await world.record(id)).toMatchObject({ partition: 'ANN' })
  })
})

describe('a rule that looks back', () => {
  test.each<{ unique: EnqueueOptions['unique']; retention?: '1h' | '30d'; code: string | undefined; because: string }>([
    { unique: { key: 'k', window: '7d' }, code: undefined, because: 'finished jobs are kept as long' },
    { unique: { key: 'k', window: '8d' }, code: 'invalid-option', because: 'the job would be forgotten before' },
    { unique: { key: 'k', window: '8d' }, retention: '30d', code: undefined, because: 'its task keeps them' },
    {
      unique: { key: 'k', throttle: '2h' },
      retention: '1h',
      code: 'invalid-option',
      because: 'the start is forgotten',
    },
    { unique: { key: 'k', debounce: '8d' }, code: undefined, because: 'it looks at no finished job' },
    { unique: { key: 'k', rerun: true }, retention: '1h', code: undefined, because: 'nor does it' },
  ])(
    '$unique with a retention of $retention is answered with $code, because $because',
    async ({ unique, retention, code }) => {
      const { world, task } = tasked(retention ? { retention } : {})
      const call = world.until(task.enqueue({ who: 'a', n: 1 }, unique ? { unique } : {}))
      if (code === undefined) await expect(call).resolves.toMatchObject({ duplicate: false })
      else await expect(call).rejects.toMatchObject({ code, message: expect.stringContaining('unique of task mail') })
      expect(world.jobs()).toHaveLength(code === undefined ? 1 : 0)
    },
  )

  test('a deadline before the start time is refused', async () => {
    const { world, task } = tasked({})
    const at = new Date(world.clock.now + 60_000)
    await expect(world.until(task.enqueue({ who: 'a', n: 1 }, { at, expiresIn: '1m' }))).rejects.toMatchObject({
      code: 'invalid-option',
    })
    await world.until(task.enqueue({ who: 'a', n: 1 }, { at, expiresIn: '61s' }))
    expect(world.jobs()).toHaveLength(1)
  })
})
