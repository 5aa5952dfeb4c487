/** How long one job takes when nothing else is to be done: from the call that enqueues it until its end is known. */
import { BullMQ } from '../contenders/bullmq.ts'
import { Celery } from '../contenders/celery.ts'
import { ChardServer } from '../contenders/chard.ts'
import type { Fsync } from '../contenders/redis.ts'
import { quantile } from '../statistics.ts'
import type { Measure, Sample, Sizes } from './measure.ts'

const warmUpJobs = 100
const waitMs = 20_000

export const oneAtATime: Measure = {
  name: 'one-at-a-time',
  title: 'One no-op job at a time, from its enqueue until its end is known',
  about: `500 jobs, one after another, after ${warmUpJobs} to warm up. Chard's are asked for by HTTP`,
  figures: { p50: { unit: 'ms', better: 'less' }, p99: { unit: 'ms', better: 'less' } },
  levels: [{ figure: 'p50', is: 'at most', value: 1, of: 'BullMQ, fsync every second' }],
  contenders: {
    Chard: chard(false),
    'Chard, looking all the time': chard(true),
    'BullMQ, fsync every second': bullMQ('everysec'),
    'BullMQ, fsync always': bullMQ('always'),
    'Celery, fsync every second': celery('everysec'),
    'Celery, fsync always': celery('always'),
  },
}

/** Enqueue and wait in one request, as a route does that answers with what a job has made. */
export function oneByOneOnChard(
  { client }: Pick<ChardServer, 'client'>,
  quick: boolean,
  looks: boolean,
): Promise<Sample> {
  return oneByOne(quick, () => client.post(looks ? '/run?looks' : '/run'))
}

function chard(looks: boolean) {
  return async ({ quick, shards }: Sizes): Promise<Sample> => {
    await using server = await ChardServer.start(shards)
    return await oneByOneOnChard(server, quick, looks)
  }
}

function bullMQ(fsync: Fsync) {
  return async ({ quick }: Sizes): Promise<Sample> => {
    await using bull = await BullMQ.start(fsync)
    const events = await bull.events()
    return await oneByOne(quick, async () => (await bull.queue.add('noop', { n: 0 })).waitUntilFinished(events, waitMs))
  }
}

function celery(fsync: Fsync) {
  return async ({ quick }: Sizes): Promise<Sample> => {
    await using started = await Celery.start(fsync)
    return told(await started.measure<number[]>('one-at-a-time', jobsOf(quick), warmUpJobs))
  }
}

async function oneByOne(quick: boolean, job: () => Promise<unknown>): Promise<Sample> {
  const took: number[] = []
  for (let count = 0; count < warmUpJobs + jobsOf(quick); count++) {
    const began = performance.now()
    await job()
    took.push(performance.now() - began)
  }
  return told(took.slice(warmUpJobs))
}

const jobsOf = (quick: boolean) => (quick ? 100 : 500)
const told = (took: readonly number[]): Sample => ({ p50: quantile(took, 0.5), p99: quantile(took, 0.99) })
