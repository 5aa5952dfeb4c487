import { expect, test } from 'vitest'
import { Batcher } from '../../../src/engine/client/batcher.ts'
import type { EnqueueReply, NewJob } from '../../../src/engine/ledger/protocol/enqueue.ts'

const job = (id: string, input = '{}') => ({ id, task: 'send', input }) as NewJob
const idsOf = (reply: EnqueueReply) => ('jobs' in reply ? reply.jobs.map((one) => 'id' in one && one.id) : reply)

function batcher(answer?: (jobs: readonly NewJob[]) => EnqueueReply) {
  const calls: { shard: number; ids: string[] }[] = []
  const of = new Batcher(async (shard, jobs) => {
    calls.push({ shard, ids: jobs.map(({ id }) => id) })
    return answer?.(jobs) ?? { jobs: jobs.map(({ id }) => ({ id, state: 'queued', duplicate: false })) }
  })
  return { of, calls }
}

test('jobs that are recorded together go in one call a shard, and each caller gets the answers for its own', async () => {
  const { of, calls } = batcher()
  const replies = await Promise.all([
    of.record(0, [job('a'), job('b')]),
    of.record(1, [job('c')]),
    of.record(0, [job('d')]),
  ])
  expect(calls).toEqual([
    { shard: 0, ids: ['a', 'b', 'd'] },
    { shard: 1, ids: ['c'] },
  ])
  expect(replies.map(idsOf)).toEqual([['a', 'b'], ['c'], ['d']])
})

test('jobs that are recorded later go in a call of their own', async () => {
  const { of, calls } = batcher()
  await of.record(0, [job('a')])
  await of.record(0, [job('b')])
  const early = of.record(0, [job('c')])
  await new Promise((resolve) => setTimeout(resolve))
  await Promise.all([early, of.record(0, [job('d')])])
  expect(calls.map(({ ids }) => ids)).toEqual([['a'], ['b'], ['c'], ['d']])
})

test('many jobs and large jobs are not put together', async () => {
  const { of, calls } = batcher()
  const many = Array.from({ length: 99 }, (_, n) => job(`m${n}`))
  const large = job('l', 'x'.repeat(700_000))
  await Promise.all([of.record(0, many), of.record(0, [job('a'), job('b')]), of.record(0, [...many, ...many])])
  await Promise.all([of.record(0, [large]), of.record(0, [large]), of.record(0, [job('z', 'x'.repeat(2_000_000))])])
  expect(calls.map(({ ids }) => ids.length)).toEqual([198, 99, 2, 1, 1, 1])
})

test('a refusal and a failure reach every caller whose jobs were in the call', async () => {
  const refused = { refused: 'home-shards-mismatch', message: 'no' } as const
  const { of } = batcher(() => refused)
  expect(await Promise.all([of.record(0, [job('a')]), of.record(0, [job('b')])])).toEqual([refused, refused])
  const failing = new Batcher(() => Promise.reject(new Error('the ledger is away')))
  const settled = await Promise.allSettled([failing.record(0, [job('a')]), failing.record(0, [job('b')])])
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})
