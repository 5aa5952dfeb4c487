/**
 * Limits, order and schedules in one small Worker. Each task shows one of them, and the routes show the jobs.
 *
 *     npx wrangler dev --config examples/limits/wrangler.toml
 *     curl -X POST localhost:8787/enqueue/limited -d '{ "count": 100 }'
 *     curl localhost:8787/jobs/limited
 */
import {
  ChardError,
  createChard,
  type EnqueueOptions,
  type JobRecord,
  type ScheduleOptions,
} from '../../src/engine/index.ts'

const chard = createChard()

/** The input of the tasks. Any Standard Schema library will do; this is a schema by hand. */
interface Input {
  /** The tenant that the job is for. */
  readonly tenant?: string
  /** How long the handler works. */
  readonly ms?: number
}

const input = {
  '~standard': { version: 1, vendor: 'example', validate: (value: unknown) => ({ value: (value ?? {}) as Input }) },
} as const

const run = async ({ ms = 0 }: Input) => {
  await new Promise((done) => setTimeout(done, ms))
  return { worked: ms }
}

const tasks = {
  /** No limit. */
  plain: chard.task({ name: 'plain', input, run }),
  /** At most twenty starts in any second. */
  limited: chard.task({ name: 'limited', input, rateLimit: { limit: 20, per: '1s' }, run }),
  /** At most ten at a time. */
  ordered: chard.task({ name: 'ordered', input, concurrency: 10, run }),
  /** At most ten at a time and two of each tenant, and the tenants take turns. */
  shared: chard.task({
    name: 'shared',
    input,
    concurrency: 10,
    partition: ({ tenant = 'nobody' }) => tenant,
    perPartition: { concurrency: 2 },
    run,
  }),
  /** Enqueued by a schedule. */
  tick: chard.task({ name: 'tick', input, run }),
}
type TaskName = keyof typeof tasks

const everyTwoSeconds: ScheduleOptions<Input> = {
  name: 'tick',
  every: '2s',
  task: tasks.tick,
  input: {},
  catchUp: 'all',
  overlap: 'allow',
}
chard.schedule(everyTwoSeconds)

const worker = chard.serve(Object.values(tasks))

export const Ledger = worker.Ledger
export const Runner = worker.Runner

export default {
  async fetch(request: Request): Promise<Response> {
    try {
      return await answer(request)
    } catch (error) {
      if (!(error instanceof ChardError)) throw error
      return Response.json({ code: error.code, message: error.message }, { status: 400 })
    }
  },
  queue: worker.queue,
  scheduled: worker.scheduled,
}

/** The body of a request to enqueue. */
interface Order extends Pick<EnqueueOptions, 'priority' | 'delay' | 'expiresIn' | 'unique'> {
  readonly count?: number
  readonly input?: Input
}

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  const [, verb = '', name = ''] = pathname.split('/')
  switch (`${request.method} ${verb}`) {
    case 'POST enqueue': {
      const { count = 1, input = {}, ...options } = (await request.json()) as Order
      const inputs = Array.from({ length: count }, () => input)
      const jobs = await task(name).enqueueMany(inputs, () => options)
      return Response.json(jobs.map(({ id, duplicate }) => ({ id, duplicate })))
    }
    case 'GET jobs': {
      const cursor = searchParams.get('cursor')
      const { jobs, ...rest } = await chard.jobs.list({ task: name, limit: 100, ...(cursor && { cursor }) })
      return Response.json({ jobs: jobs.map(shown), ...rest })
    }
    case 'GET schedules':
      return Response.json(await chard.schedules.list())
    case 'GET tasks':
      return Response.json(await chard.tasks.list())
    case 'POST pause':
      return Response.json(await chard.tasks.pause(name))
    case 'POST resume':
      return Response.json(await chard.tasks.resume(name))
    case 'POST cancel':
      return Response.json(await chard.jobs.cancelMany({ task: name }))
    case 'GET bulk':
      return Response.json(await chard.jobs.bulk(name))
    default:
      return Response.json({ tasks: Object.keys(tasks) }, { status: pathname === '/' ? 200 : 404 })
  }
}

function task(name: string): (typeof tasks)[TaskName] {
  const found = tasks[name as TaskName]
  if (found) return found
  throw new ChardError('unknown-task', `there is no task ${name}`)
}

function shown({ id, state, createdAt, startedAt, partition, priority, schedule }: JobRecord) {
  return { id, state, priority, createdAt, startedAt, partition, schedule }
}
