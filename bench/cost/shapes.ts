/** The shapes of work whose costs are counted. Each runs in a deployment of its own, from its first job to the last one's end. */
import { z } from 'zod'
import type { Counts } from './counts.ts'
import { Deployment, type DeploymentOptions } from './deployment.ts'

export interface Shape {
  /** How it is called in results. */
  readonly name: string
  /** What it is, in words. */
  readonly what: string
  /** What one unit of it is. */
  readonly unit: string
  readonly options?: DeploymentOptions
  /** True for a ledger to which nothing comes after. Left out, it goes on for ever. */
  readonly ends?: boolean
  readonly jobs: number
  /** Defines its tasks in a deployment, and answers how to do the work there. */
  readonly run: (deployment: Deployment) => (jobs: number) => Promise<void>
}

/** How long a handler takes that mails or calls an API, where nothing else is said. */
const handlerMs = 50
const anything = z.unknown()

/** One job a minute, alone each time. */
function alone(ranMs: number, more: Alone = {}): Shape['run'] {
  return (deployment) => {
    const { world } = deployment
    const task = world.task({
      name: 'alone',
      input: anything,
      timeout: more.startNow ? '25s' : '14m',
      run: async (_, { attempt }) => {
        await world.clock.sleep(ranMs)
        if (more.failsFirst && attempt === 1) throw new Error('the first attempt fails')
      },
    })
    return async (jobs) => {
      for (let n = 0; n < jobs; n++) {
        await deployment.request(() => task.enqueue(n, { startNow: more.startNow ?? false }))
        await deployment.minutes(more.minutes ?? 1)
      }
    }
  }
}

interface Alone {
  readonly failsFirst?: boolean
  readonly startNow?: boolean
  /** From one to the next. */
  readonly minutes?: number
}

function signUps(deployment: Deployment): (count: number) => Promise<void> {
  const { world } = deployment
  const welcome = world.task({
    name: 'send-welcome-email',
    input: anything,
    run: () => world.clock.sleep(200),
  })
  // As src/app/tasks/draw-avatar.ts has it: three sizes, each rendered and stored, and progress told of each.
  const avatar = world.task({
    name: 'draw-avatar',
    input: z.object({ userId: z.number() }),
    timeout: '2m',
    partition: ({ userId }) => String(userId),
    perPartition: { concurrency: 1 },
    run: async (_, { progress }) => {
      progress(0.05, 'drawing')
      for (const [index, ms] of [40, 80, 160].entries()) {
        progress(0.1 + 0.3 * index, 'rendering')
        await world.clock.sleep(ms)
      }
      progress(1, 'stored')
    },
  })
  let userId = 0
  return async (count) => {
    for (const until = userId + count; userId < until; userId++) {
      const input = { userId }
      await deployment.request(async () => {
        await avatar.enqueue(input, { idempotencyKey: `avatar:${userId}` })
        await welcome.background(input)
      })
      await deployment.minutes(1)
    }
  }
}

/** Jobs enqueued by hundreds, all at once. */
function many(ranMs: number, batch = 500): Shape['run'] {
  return (deployment) => {
    const { world } = deployment
    const task = world.task({ name: 'many', input: anything, run: () => world.clock.sleep(ranMs) })
    return async (jobs) => {
      for (let made = 0; made < jobs; made += batch) {
        const inputs = Array.from({ length: Math.min(batch, jobs - made) }, (_, index) => ({ input: made + index }))
        await deployment.request(() => task.enqueueMany(inputs))
      }
    }
  }
}

function rateLimited(deployment: Deployment): (jobs: number) => Promise<void> {
  const { world } = deployment
  const task = world.task({
    name: 'limited',
    input: anything,
    rateLimit: { limit: 20, per: '1s' },
    run: () => world.clock.sleep(handlerMs),
  })
  return (jobs) =>
    deployment.request(async () => {
      await task.enqueueMany(Array.from({ length: jobs }, (_, n) => ({ input: n })))
    })
}

function scheduled(deployment: Deployment): (slots: number) => Promise<void> {
  const { world } = deployment
  const task = world.task({ name: 'slot', input: anything, run: () => world.clock.sleep(handlerMs) })
  world.schedule({ name: 'every-minute', every: '1m', task, input: 1 })
  const steer = (action: 'pause' | 'resume') => world.until(world.chard.schedules[action]('every-minute'))
  return async (slots) => {
    await steer('resume')
    await deployment.minutes(slots)
    await steer('pause')
  }
}

export const shapes: readonly Shape[] = [
  {
    name: 'plain',
    what: 'a plain job alone, one a minute',
    unit: 'job',
    jobs: 120,
    run: alone(handlerMs),
  },
  {
    name: 'plain, then nothing',
    what: 'the same in a ledger that is new and to which nothing comes after',
    unit: 'job',
    jobs: 120,
    ends: true,
    run: alone(handlerMs),
  },
  {
    name: 'startNow',
    what: 'a job alone that its request starts, one a minute',
    unit: 'job',
    jobs: 120,
    run: alone(handlerMs, { startNow: true }),
  },
  {
    name: 'sign-up',
    what: 'a sign-up: a mail after the response, a picture by the queue',
    unit: 'sign-up',
    jobs: 60,
    run: signUps,
  },
  { name: 'bulk', what: 'enqueueMany by 500, 20,000 at once', unit: 'job', jobs: 20_000, run: many(20) },
  {
    name: 'bulk, 200 ms',
    what: 'the same, 4,000 with handlers of 200 ms',
    unit: 'job',
    jobs: 4_000,
    run: many(200),
  },
  {
    name: 'retry',
    what: 'a job alone whose first attempt fails',
    unit: 'job',
    jobs: 60,
    run: alone(handlerMs, { failsFirst: true }),
  },
  { name: 'scheduled', what: "a schedule's slot, one a minute", unit: 'job', jobs: 120, run: scheduled },
  {
    name: 'rate-limited',
    what: '2,000 at once under 20 a second',
    unit: 'job',
    jobs: 2_000,
    run: rateLimited,
  },
  { name: '5 s', what: 'a job of 5 s alone', unit: 'job', jobs: 30, run: alone(5_000) },
  {
    name: '10 min',
    what: 'a job of 10 min alone',
    unit: 'job',
    jobs: 6,
    run: alone(600_000, { minutes: 15 }),
  },
  {
    name: 'late',
    what: 'a plain job alone whose wake-up takes 2 s',
    unit: 'job',
    jobs: 60,
    options: { deliveryMs: 2_000 },
    run: alone(handlerMs),
  },
]

/** Runs a shape over the storage of an object in which nothing is stored. */
export async function measured({ jobs, run, options, ends }: Shape, storage: DurableObjectStorage): Promise<Counts> {
  const deployment = new Deployment(storage, options)
  const work = run(deployment)
  const counts = ends
    ? await deployment.ofOneThatEnds(() => work(jobs))
    : await deployment.ofOneThatGoesOn(() => work(jobs))
  return { jobs, ...counts }
}
