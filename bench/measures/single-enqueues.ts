/** The throughput of enqueues of one job each from many concurrent requests, while workers run the jobs. */
import type { Client } from '../client.ts'
import { BullMQ } from '../contenders/bullmq.ts'
import { Celery } from '../contenders/celery.ts'
import { ChardServer } from '../contenders/chard.ts'
import type { Fsync } from '../contenders/redis.ts'
import type { Measure, Sample, Sizes } from './measure.ts'

const requestsAtOnce = 32
const warmUpMs = 1_500

export const singleEnqueues: Measure = {
  name: 'single-enqueues',
  title: `Enqueues of one no-op job each, from ${requestsAtOnce} concurrent requests`,
  about: '10 seconds, while workers run the jobs. BullMQ is called through a server of Node, Celery through FastAPI',
  figures: { throughput: { unit: 'enqueues/s', better: 'more' } },
  levels: [{ figure: 'throughput', is: 'at least', value: 1, of: 'Celery, fsync every second' }],
  contenders: {
    Chard: async ({ quick, shards }) => {
      await using server = await ChardServer.start(shards)
      return await enqueueOneByOne(server.client, quick)
    },
    'BullMQ, fsync every second': bullMQ('everysec'),
    'BullMQ, fsync always': bullMQ('always'),
    'Celery, fsync every second': celery('everysec'),
    'Celery, fsync always': celery('always'),
  },
}

export async function enqueueOneByOne(client: Client, quick: boolean): Promise<Sample> {
  await enqueuesIn(client, warmUpMs)
  const forMs = quick ? 2_000 : 10_000
  const began = performance.now()
  const enqueued = await enqueuesIn(client, forMs)
  return { throughput: enqueued / ((performance.now() - began) / 1_000) }
}

async function enqueuesIn(client: Client, ms: number): Promise<number> {
  const endsAt = performance.now() + ms
  let enqueued = 0
  const caller = async () => {
    for (; performance.now() < endsAt; enqueued++) await client.post('/one')
  }
  await Promise.all(Array.from({ length: requestsAtOnce }, caller))
  return enqueued
}

function bullMQ(fsync: Fsync) {
  return async ({ quick }: Sizes): Promise<Sample> => {
    await using bull = await BullMQ.start(fsync)
    return await enqueueOneByOne(await bull.http(), quick)
  }
}

function celery(fsync: Fsync) {
  return async ({ quick }: Sizes): Promise<Sample> => {
    await using started = await Celery.start(fsync)
    return await enqueueOneByOne(await started.http(), quick)
  }
}
