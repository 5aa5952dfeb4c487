/** The end-to-end throughput of no-op jobs: enqueued in batches, stored, run, settled, and known to have finished. */
import { setTimeout as sleep } from 'node:timers/promises'
import { BullMQ } from '../contenders/bullmq.ts'
import { Celery } from '../contenders/celery.ts'
import { ChardServer } from '../contenders/chard.ts'
import type { Fsync } from '../contenders/redis.ts'
import { profiled } from '../profile.ts'
import type { Measure, Sample, Sizes } from './measure.ts'

const batch = 100
/** Concurrent calls, so that the side that enqueues never idles while it waits for a round trip. */
const callsAtOnce = 4
const pollMs = 50
/** Enough for the JIT compilers of Node and workerd to have optimized the code that runs. */
const warmUpJobs = 10_000

export const endToEnd: Measure = {
  name: 'end-to-end',
  title: 'No-op jobs, from the first enqueue until every one is known to have finished',
  about: `20,000 jobs, enqueued ${batch} at a time by ${callsAtOnce} concurrent calls, after ${warmUpJobs.toLocaleString('en')} jobs to warm up`,
  figures: { throughput: { unit: 'jobs/s', better: 'more' } },
  levels: [
    { figure: 'throughput', is: 'at least', value: 1, of: 'BullMQ, fsync every second' },
    { figure: 'throughput', is: 'at least', value: 8, of: 'Celery, fsync every second' },
  ],
  contenders: {
    Chard: async ({ quick, shards, cpuProfile }) => {
      await using server = await ChardServer.start(shards)
      const jobs = jobsOf(quick)
      await throughChard(server, warmUpJobs)
      const run = () => throughChard(server, jobs)
      const { inspectorPort } = server.options
      return { throughput: await (cpuProfile ? profiled({ inspectorPort, file: cpuProfile }, run) : run()) }
    },
    'BullMQ, fsync every second': bullMQ('everysec'),
    'BullMQ, fsync always': bullMQ('always'),
    'Celery, fsync every second': celery('everysec'),
    'Celery, fsync always': celery('always'),
  },
}

export const jobsOf = (quick: boolean) => (quick ? 4_000 : 20_000)

/** Jobs per second. The run ends when no job is unfinished; finished jobs are not counted because old ones may be pruned. */
export async function throughChard({ client }: Pick<ChardServer, 'client'>, jobs: number): Promise<number> {
  const began = performance.now()
  await inBatches(jobs, (count) => client.post(`/many?task=noop&count=${count}`))
  for (;;) {
    const { queued = 0, scheduled = 0, retrying = 0, running = 0 } = await client.get<Record<string, number>>('/counts')
    if (queued + scheduled + retrying + running === 0) return jobs / ((performance.now() - began) / 1_000)
    await sleep(pollMs)
  }
}

function bullMQ(fsync: Fsync) {
  return async ({ quick }: Sizes): Promise<Sample> => {
    await using bull = await BullMQ.start(fsync)
    const run = async (jobs: number, before: number) => {
      const began = performance.now()
      const named = (count: number) => Array.from({ length: count }, (_, n) => ({ name: 'noop', data: { n } }))
      await inBatches(jobs, (count) => bull.queue.addBulk(named(count)))
      while (((await bull.queue.getJobCounts('completed'))['completed'] ?? 0) < before + jobs) await sleep(pollMs)
      return jobs / ((performance.now() - began) / 1_000)
    }
    await run(warmUpJobs, 0)
    return { throughput: await run(jobsOf(quick), warmUpJobs) }
  }
}

function celery(fsync: Fsync) {
  return async ({ quick }: Sizes): Promise<Sample> => {
    await using started = await Celery.start(fsync)
    return { throughput: await started.measure<number>('end-to-end', jobsOf(quick), warmUpJobs) }
  }
}

/** Calls `enqueue` with the size of each batch until all jobs are enqueued. */
async function inBatches(jobs: number, enqueue: (count: number) => Promise<unknown>): Promise<void> {
  let left = jobs
  const caller = async () => {
    while (left > 0) {
      const count = Math.min(batch, left)
      left -= count
      await enqueue(count)
    }
  }
  await Promise.all(Array.from({ length: callsAtOnce }, caller))
}
