import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
import type { JobRecord } from '../../../src/engine/task/job.ts'
import { World } from '../world.ts'

function working() {
  const world = new World()
  const task = world.task({
    name: 'work',
    input: z.number(),
    retry: { maxAttempts: 1 },
    run: async (ms, { progress }) => {
      await world.clock.sleep(ms / 2)
      progress(0.5)
      await world.clock.sleep(ms / 2)
      if (ms === 13) throw new Error('bad luck')
      return { ms }
    },
  })
  return { world, task }
}

describe('wait', () => {
  test('returns the record with its typed output', async () => {
    const { world, task } = working()
    const job = await world.until(task.enqueue(1_000))
    const { output }: { output: { ms: number } } = await world.until(job.wait())
    expect(output.ms).toBe(1_000)
  })

  test('throws when the job has failed, with the record and what was thrown', async () => {
    const { world, task } = working()
    const job = await world.until(task.enqueue(13))
    await expect(world.until(job.wait())).rejects.toMatchObject({
      name: 'JobFailedError',
      code: 'job-failed',
      message: expect.stringMatching(/failed, exhausted: bad luck/),
      record: { state: 'failed' },
    })
  })

  test('throws when the job was cancelled', async () => {
    const { world, task } = working()
    const job = await world.until(task.enqueue(1, { delay: '1h' }))
    await world.until(job.cancel())
    await expect(world.until(job.wait())).rejects.toMatchObject({ code: 'job-failed', record: { state: 'cancelled' } })
  })

  test('gives up when its time is up, and the job goes on', async () => {
    const { world, task } = working()
    const job = await world.until(task.enqueue(10_000))
    const begun = world.clock.now
    await expect(world.until(job.wait('2s'))).rejects.toMatchObject({ code: 'wait-timeout' })
    expect(world.clock.now - begun).toBeLessThan(2_050)
    await world.untilFinal()
    expect(await world.until(job.get())).toMatchObject({ state: 'completed' })
  })

  describe('in the request that runs the job', () => {
    test('never calls the ledger, because the answer that settles the job brings its record', async () => {
      const { world, task } = working()
      const { output } = await world.until(task.enqueue(700, { startNow: true }).then((job) => job.wait()))
      expect(output.ms).toBe(700)
      expect(world.ledger().called('get')).toEqual([])
    })

    test('goes on looking when the first attempt was not the last', async () => {
      const world = new World()
      let runs = 0
      const task = world.task({
        name: 'second',
        input: z.number(),
        retry: { maxAttempts: 2, delay: '1s', jitter: 'none' },
        run: (n) => {
          if (++runs === 1) throw new Error('not yet')
          return { n }
        },
      })
      const record = await world.until(task.enqueue(7, { startNow: true }).then((job) => job.wait()))
      expect(record).toMatchObject({ state: 'completed', attempt: 2, output: { n: 7 } })
    })

    test('asks for the record in the same call that settles the job, and only when somebody waits', async () => {
      const awaited = async (isWaiting: boolean) => {
        const { world, task } = working()
        const work = async () => {
          const job = await task.enqueue(700, { startNow: true })
          if (isWaiting) await job.wait()
          return job
        }
        const job = await world.until(work())
        await world.untilFinal()
        const syncs = world.ledger().called('sync') as readonly { readonly request: SyncRequest }[]
        return syncs.flatMap(({ request }) => request.awaited ?? []).map((id) => id === job.id)
      }
      expect(await awaited(true)).toEqual([true])
      expect(await awaited(false)).toEqual([])
    })
  })

  test('asks at growing intervals, and holds no ledger', async () => {
    const { world, task } = working()
    const job = await world.until(task.enqueue(1, { delay: '1h' }))
    await expect(world.until(job.wait('5m'))).rejects.toMatchObject({ code: 'wait-timeout' })
    expect(world.ledger().called('get').length).toBeLessThan(170)
    expect(world.ledger().openCalls).toBe(0)
  })
})

describe('watch', () => {
  async function seen(world: World, id: string, signal?: AbortSignal): Promise<JobRecord[]> {
    const records: JobRecord[] = []
    for await (const record of world.chard.jobs.watch(id, '1m', signal)) records.push(record)
    return records
  }

  test('yields the record now and after every change, until the job is final', async () => {
    const { world, task } = working()
    const job = await world.until(task.enqueue(4_000))
    const records = await world.until(seen(world, job.id))
    expect(records.map(({ state, progress }) => [state, progress?.value])).toEqual([
      ['queued', undefined],
      ['running', undefined],
      ['running', 0.5],
      ['completed', 1],
    ])
  })

  test('stops when its signal aborts', async () => {
    const { world, task } = working()
    const job = await world.until(task.enqueue(1, { delay: '1h' }))
    const controller = new AbortController()
    const watching = seen(world, job.id, controller.signal)
    await world.clock.advance(10_000)
    const abortedAt = world.clock.now
    controller.abort()
    expect(await world.until(watching)).toHaveLength(1)
    expect(world.clock.now - abortedAt).toBeLessThan(10)
    expect(world.web.timers).toBe(0)
  })
})

describe('a job’s handle', () => {
  test('cancels a waiting job at once', async () => {
    const { world, task } = working()
    const job = await world.until(task.enqueue(1, { delay: '1h' }))
    expect(await world.until(job.cancel())).toMatchObject({ state: 'cancelled' })
    await expect(world.until(job.cancel())).rejects.toMatchObject({ code: 'wrong-state' })
  })
})

describe('an id', () => {
  test.each(['', 'x', '0-x', '0-01JD9ZXW4T5RJ7QK8M2N6P0VB', 'DROP TABLE jobs', '00-01JD9ZXW4T5RJ7QK8M2N6P0VBC'])(
    'that is none is refused here: %j',
    async (id) => {
      const { world } = working()
      await expect(world.until(world.chard.jobs.get(id))).rejects.toMatchObject({ code: 'invalid-id' })
      expect(world.ledger().calls).toHaveLength(0)
    },
  )

  test('of a shard that is not in use reaches no ledger', async () => {
    const { world } = working()
    const id = '1-01JD9ZXW4T5RJ7QK8M2N6P0VBC'
    for (const verb of ['get', 'cancel', 'redrive'] as const) {
      await expect(world.until(world.chard.jobs[verb](id))).rejects.toMatchObject({ code: 'unknown-job' })
    }
    expect(world.ledger().calls).toHaveLength(0)
  })

  test('from long ago is gone, and one from today is unknown', async () => {
    const { world, task } = working()
    const { id } = await world.until(task.enqueue(1))
    const other = `${id.slice(0, -3)}ZZZ`
    await expect(world.until(world.chard.jobs.get(other))).rejects.toMatchObject({ code: 'unknown-job' })
    await expect(world.until(world.chard.jobs.get('0-01JD9ZXW4T5RJ7QK8M2N6P0VBC'))).rejects.toMatchObject({
      code: 'gone',
    })
  })
})
