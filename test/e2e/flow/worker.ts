/** Takes jobs in by the thousand, and shows its books. */
import { createChard, type JobRecord } from '../../../src/engine/index.ts'

const chard = createChard()

const anything = {
  '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value: value as Input }) },
} as const

interface Input {
  readonly tenant?: string
  readonly ms?: number
}

const run = ({ ms = 0 }: Input) => new Promise<void>((resolve) => setTimeout(resolve, ms))

const tasks = {
  /** Twenty a second, whatever comes. */
  limited: chard.task({ name: 'limited', input: anything, rateLimit: { limit: 20, per: '1s' }, run }),
  /** One line of work for all, so that order can be seen. */
  ordered: chard.task({ name: 'ordered', input: anything, concurrency: 10, run }),
  /** Many tenants on one shard, so that their turns can be seen. */
  shared: chard.task({
    name: 'shared',
    input: anything,
    concurrency: 10,
    partition: ({ tenant = 'none' }: Input) => tenant,
    run,
  }),
  tick: chard.task({ name: 'tick', input: anything, run }),
}

chard.schedule({ name: 'tick', every: '2s', task: tasks.tick, input: {}, catchUp: 'all', overlap: 'allow' })

const worker = chard.serve(Object.values(tasks))

export const Ledger = worker.Ledger
export const Runner = worker.Runner

/** What a test looks at. */
export interface FlowRow
  extends Pick<JobRecord, 'id' | 'state' | 'startedAt' | 'partition' | 'priority' | 'schedule'> {}

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    const [, verb, name] = pathname.split('/') as [string, string, keyof typeof tasks]
    switch (verb) {
      case 'enqueue': {
        const { count, input, priority } = (await request.json()) as { count: number; input: Input; priority?: number }
        const inputs = Array.from({ length: count }, () => input)
        const jobs = await tasks[name].enqueueMany(inputs, { ...(priority !== undefined && { priority }) })
        return Response.json(jobs.map(({ id }) => id))
      }
      case 'jobs': {
        const cursor = searchParams.get('cursor')
        const { jobs, ...rest } = await chard.list({ task: name, limit: 100, ...(cursor && { cursor }) })
        const rows = jobs.map(
          ({ id, state, startedAt, partition, priority, schedule }): FlowRow => ({
            id,
            state,
            priority,
            ...(startedAt !== undefined && { startedAt }),
            ...(partition !== undefined && { partition }),
            ...(schedule && { schedule }),
          }),
        )
        return Response.json({ rows, ...rest })
      }
      case 'cancel':
        return Response.json(await chard.cancelMany({ task: name }))
      case 'bulk':
        return Response.json(await chard.bulk(name))
      case 'overview':
        return Response.json(await chard.overview())
      case 'schedules':
        return Response.json(await chard.schedules.list())
      default:
        return new Response('alive')
    }
  },
  queue: worker.queue,
  scheduled: worker.scheduled,
}
