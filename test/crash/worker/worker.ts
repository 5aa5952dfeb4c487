/** The Worker that is killed: accepts jobs, and shows its records and its witness. */
import type { JobRecord } from '../../../src/engine/index.ts'
import type { Accepted, Asked, JobsPage, RecordedJob } from '../shapes.ts'
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
      case 'GET /jobs':
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

/** Answers 202 once every job of the request is on disk. */
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

/** Jobs that are enqueued together are of one task. */
async function many(asked: readonly Asked[]): Promise<Accepted['jobs']> {
  const { kind = 'instant' } = asked[0] ?? {}
  const inputs = asked.map(({ n }) => ({ n }))
  const jobs = await tasks[kind].enqueueMany(inputs, (_, index) => {
    const key = asked[index]?.key
    return key === undefined ? {} : { idempotencyKey: key }
  })
  return jobs.map(({ id, duplicate }, index) => ({ n: inputs[index]?.n ?? -1, id, duplicate }))
}

async function page(cursor: string | undefined): Promise<JobsPage> {
  const { jobs, ...rest } = await chard.jobs.list({ limit: 100, ...(cursor !== undefined && { cursor }) })
  return { jobs: jobs.map(recordedJob), ...rest }
}

function recordedJob(job: JobRecord): RecordedJob {
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
    input: job.input as RecordedJob['input'],
    history: job.history.map(({ attempt, outcome }) => ({ attempt, outcome })),
  }
}
