/** The Worker that is killed: takes jobs in, and shows its books and its witness. */
import type { JobRecord } from '../../../src/engine/index.ts'
import type { Accepted, Asked, BookRow, BooksPage } from '../shapes.ts'
import { allTasks, chard, tasks } from './tasks.ts'
import { Witness, witness } from './witness.ts'

const worker = chard.serve(allTasks)

export const Ledger = worker.Ledger
export const Runner = worker.Runner
export { Witness }

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    switch (`${request.method} ${pathname}`) {
      case 'POST /jobs':
        return accept((await request.json()) as Asked[])
      case 'GET /books':
        return Response.json(await page(searchParams.get('cursor') ?? undefined))
      case 'GET /overview':
        return Response.json(await chard.stats.overview())
      case 'GET /witness':
        return Response.json(await witness().after(Number(searchParams.get('after') ?? 0)))
      default:
        return new Response('alive')
    }
  },
  queue: worker.queue,
  scheduled: worker.scheduled,
}

/** The 202 goes out once every job of the request is on disk. */
async function accept(asked: readonly Asked[]): Promise<Response> {
  try {
    const jobs = asked.length > 1 ? await many(asked) : await Promise.all(asked.map(one))
    return Response.json({ jobs } satisfies Accepted, { status: 202 })
  } catch (error) {
    return Response.json({ error: String(error) }, { status: 503 })
  }
}

async function one({ n, kind, failures, key, delayMs, startNow }: Asked): Promise<Accepted['jobs'][number]> {
  const input = { n, ...(failures !== undefined && { failures }) }
  if (kind === 'background') {
    await tasks.background.background(input)
    return { n, id: '', duplicate: false }
  }
  const { id, duplicate } = await tasks[kind].enqueue(input, {
    ...(key !== undefined && { idempotencyKey: key }),
    ...(delayMs !== undefined && { delay: delayMs }),
    ...(startNow && { startNow }),
  })
  return { n, id, duplicate }
}

/** Many at once are of one kind. */
async function many(asked: readonly Asked[]): Promise<Accepted['jobs']> {
  const { kind = 'instant' } = asked[0] ?? {}
  const inputs = asked.map(({ n }) => ({ n }))
  const jobs = await tasks[kind].enqueueMany(inputs, (_, index) => {
    const key = asked[index]?.key
    return key === undefined ? {} : { idempotencyKey: key }
  })
  return jobs.map(({ id, duplicate }, index) => ({ n: inputs[index]?.n ?? -1, id, duplicate }))
}

async function page(cursor: string | undefined): Promise<BooksPage> {
  const { jobs, ...rest } = await chard.jobs.list({ limit: 100, ...(cursor !== undefined && { cursor }) })
  return { jobs: jobs.map(bookRow), ...rest }
}

function bookRow(job: JobRecord): BookRow {
  const { id, task, state, reason, attempt, maxAttempts, idempotencyKey: key, createdAt, finishedAt } = job
  return {
    id,
    task,
    state,
    ...(reason && { reason }),
    attempt,
    maxAttempts,
    ...(key !== undefined && { key }),
    createdAt,
    ...(finishedAt !== undefined && { finishedAt }),
    input: job.input as BookRow['input'],
    history: job.history.map(({ attempt, outcome }) => ({ attempt, outcome })),
  }
}
