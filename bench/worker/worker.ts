/** The Worker that is measured. Its routes enqueue single jobs, batches and sign-ups, and report their progress. */
import { isAllowed } from './bindings.ts'
import { chard, tasks } from './tasks.ts'

const worker = chard.serve(Object.values(tasks))

export const Ledger = worker.Ledger
export const Runner = worker.Runner

export default {
  async fetch(request: Request): Promise<Response> {
    if (!isAllowed(request)) return new Response('the token is missing', { status: 401 })
    const { pathname, searchParams } = new URL(request.url)
    switch (`${request.method} ${pathname}`) {
      case 'POST /many':
        return many(searchParams.get('task') ?? 'noop', Number(searchParams.get('count')))
      case 'POST /one':
        return Response.json({ id: (await tasks.noop.enqueue({ n: 0 })).id }, { status: 202 })
      case 'POST /run':
        return runOne()
      case 'POST /users':
        return signUp()
      case 'GET /counts':
        return Response.json((await chard.stats.overview()).states)
      case 'GET /unfinished':
        return Response.json(await unfinished(searchParams.get('ids')?.split(',') ?? []))
      case 'GET /starts':
        return starts(searchParams.get('cursor') || undefined)
      case 'POST /clean':
        return Response.json(await chard.jobs.cancelMany({ state: 'queued' }))
      default:
        return new Response('ready')
    }
  },
  queue: worker.queue,
  scheduled: worker.scheduled,
}

async function many(name: string, count: number): Promise<Response> {
  const task = name === 'rated' ? tasks.rated : tasks.noop
  const jobs = await task.enqueueMany(Array.from({ length: count }, (_, n) => ({ n })))
  return Response.json({ enqueued: jobs.length }, { status: 202 })
}

/** Enqueues and waits in one request: the shortest way to learn that a job has finished. */
async function runOne(): Promise<Response> {
  const job = await tasks.noop.enqueue({ n: 0 }, { startNow: true })
  return Response.json({ state: (await job.wait('20s')).state })
}

/** A sign-up with its two jobs. Both are on disk before the response, and start in this isolate because of `startNow`. */
async function signUp(): Promise<Response> {
  const jobs = await Promise.all([
    tasks.mail.enqueue({ n: 0 }, { startNow: true }),
    tasks.image.enqueue({ n: 0 }, { startNow: true }),
  ])
  return Response.json({ jobs: jobs.map(({ id }) => id) }, { status: 202 })
}

/** Filters the ids of jobs that have not completed. A job that is not found counts as one. */
async function unfinished(ids: readonly string[]): Promise<string[]> {
  const states = await Promise.all(
    ids.map((id) =>
      chard.jobs.get(id).then(
        ({ state }) => state,
        () => 'lost',
      ),
    ),
  )
  return ids.filter((_, index) => states[index] !== 'completed')
}

/** The start of each rate-limited job, as the ledger recorded it and by the handler's clock. */
async function starts(cursor: string | undefined): Promise<Response> {
  const page = await chard.jobs.list({ task: 'rated', limit: 100, ...(cursor !== undefined && { cursor }) })
  const found = await Promise.all(page.jobs.map(async ({ id }) => chard.jobs.get(id)))
  const jobs = found.map(({ startedAt, output }) => ({ startedAt, beganAt: (output as { beganAt?: number })?.beganAt }))
  return Response.json({ jobs, ...(page.cursor !== undefined && { cursor: page.cursor }) })
}
