/** The latency of a single job on an idle system, from the call that enqueues it until it is known to have finished. */
import { BullMQ } from '../contenders/bullmq.ts'
import { Celery } from '../contenders/celery.ts'
import { ChardServer } from '../contenders/chard.ts'
import type { Fsync } from '../contenders/redis.ts'
import { quantile } from '../statistics.ts'
import type { Measure, Sample, Sizes } from './measure.ts'

const warmUpJobs = 500
const waitMs = 20_000

export const oneAtATime: Measure = {
  name: 'one-at-a-time',
  title: 'One no-op job at a time, from its enqueue until it is known to have finished',
  about:
    `500 jobs, one after another, after ${warmUpJobs} jobs to warm up. Chard and \`BullMQ behind HTTP\` (a server of Node) ` +
    'are called over HTTP; BullMQ and Celery otherwise run in the process that measures. Chard syncs to disk before it ' +
    'answers, as `fsync always` does',
  figures: { p50: { unit: 'ms', better: 'less' }, p99: { unit: 'ms', better: 'less' } },
  levels: ['p50', 'p99'].flatMap((figure) =>
    ['BullMQ, fsync every second', 'BullMQ, fsync always', 'BullMQ behind HTTP, fsync always'].map((of) => ({
      figure,
      is: 'at most' as const,
      value: 1,
      of,
    })),
  ),
  contenders: {
    Chard: async ({ quick, shards }) => {
      await using server = await ChardServer.start(shards)
      return await oneByOneOnChard(server, quick)
    },
    'BullMQ, fsync every second': bullMQ('everysec'),
    'BullMQ, fsync always': bullMQ('always'),
    'BullMQ behind HTTP, fsync every second': bullMQBehindHttp('everysec'),
    'BullMQ behind HTTP, fsync always': bullMQBehindHttp('always'),
    'Celery, fsync every second': celery('everysec'),
    'Celery, fsync always': celery('always'),
  },
}

/** Enqueues and waits in one request, like a route that responds with the result of a job. */
export function oneByOneOnChard({ client }: Pick<ChardServer, 'client'>, quick: boolean): Promise<Sample> {
  return oneByOne(quick, () => client.post('/run'))
}

function bullMQ(fsync: Fsync) {
  return async ({ quick }: Sizes): Promise<Sample> => {
    await using bull = await BullMQ.start(fsync)
    const events = await bull.events()
    return await oneByOne(quick, async () => (await bull.queue.add('noop', { n: 0 })).waitUntilFinished(events, waitMs))
  }
}

function bullMQBehindHttp(fsync: Fsync) {
  return async ({ quick }: Sizes): Promise<Sample> => {
    await using bull = await BullMQ.start(fsync)
    const client = await bull.http()
    return await oneByOne(quick, () => client.post('/run'))
  }
}

function celery(fsync: Fsync) {
  return async ({ quick }: Sizes): Promise<Sample> => {
    await using started = await Celery.start(fsync)
    return toSample(await started.measure<number[]>('one-at-a-time', jobsOf(quick), warmUpJobs))
  }
}

async function oneByOne(quick: boolean, job: () => Promise<unknown>): Promise<Sample> {
  const took: number[] = []
  for (let count = 0; count < warmUpJobs + jobsOf(quick); count++) {
    const began = performance.now()
    await job()
    took.push(performance.now() - began)
  }
  return toSample(took.slice(warmUpJobs))
}

const jobsOf = (quick: boolean) => (quick ? 100 : 500)
const toSample = (took: readonly number[]): Sample => ({ p50: quantile(took, 0.5), p99: quantile(took, 0.99) })
