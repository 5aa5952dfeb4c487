/** The shapes of work whose costs are counted. Each runs in a deployment of its own, until all of its jobs have finished. */
import { z } from 'zod'
import type { Counts } from './counts.ts'
import { Deployment, type DeploymentOptions } from './deployment.ts'

export interface Shape {
  /** Its name in the results. */
  readonly name: string
  /** A description of the work. */
  readonly what: string
  /** The name of one unit of the work. */
  readonly unit: string
  readonly options?: DeploymentOptions
  /** Whether it runs in a new ledger in which no work follows. Default: in a ledger in the steady state. */
  readonly isAlone?: boolean
  /** The number of units. */
  readonly jobs: number
  /** Defines the tasks in a deployment, and returns a function that runs a number of units there. */
  readonly run: (deployment: Deployment) => (jobs: number) => Promise<void>
}

/** The default time of a handler, as of one that sends a mail or calls an API. */
const handlerMs = 50
const anything = z.unknown()

/** Enqueues one job a minute, so that each is alone. */
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
  /** The interval between two jobs. Default: 1. */
  readonly minutes?: number
}

function signUps(deployment: Deployment): (count: number) => Promise<void> {
  const { world } = deployment
  const welcome = world.task({
    name: 'send-welcome-email',
    input: anything,
    run: () => world.clock.sleep(200),
  })
  // Like src/app/tasks/draw-avatar.ts: renders and stores three sizes, and reports progress for each.
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

/** Enqueues all jobs at once, in batches. */
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
  const control = (action: 'pause' | 'resume') => world.until(world.chard.schedules[action]('every-minute'))
  return async (slots) => {
    await control('resume')
    await deployment.minutes(slots)
    await control('pause')
  }
}

export const shapes: readonly Shape[] = [
  {
    name: 'plain',
    what: 'one plain job a minute, enqueued alone',
    unit: 'job',
    jobs: 120,
    run: alone(handlerMs),
  },
  {
    name: 'plain, then nothing',
    what: 'the same in a new ledger, in which no jobs follow',
    unit: 'job',
    jobs: 120,
    isAlone: true,
    run: alone(handlerMs),
  },
  {
    name: 'startNow',
    what: 'one job a minute, started by its request (`startNow`)',
    unit: 'job',
    jobs: 120,
    run: alone(handlerMs, { startNow: true }),
  },
  {
    name: 'sign-up',
    what: 'one sign-up a minute: an e-mail after the response, and a picture through the queue',
    unit: 'sign-up',
    jobs: 60,
    run: signUps,
  },
  {
    name: 'bulk',
    what: '20,000 jobs at once by `enqueueMany` of 500, with handlers of 20 ms',
    unit: 'job',
    jobs: 20_000,
    run: many(20),
  },
  {
    name: 'bulk, 200 ms',
    what: 'the same with 4,000 jobs and handlers of 200 ms',
    unit: 'job',
    jobs: 4_000,
    run: many(200),
  },
  {
    name: 'retry',
    what: 'one plain job a minute, whose first attempt fails',
    unit: 'job',
    jobs: 60,
    run: alone(handlerMs, { failsFirst: true }),
  },
  { name: 'scheduled', what: 'a schedule with a slot every minute', unit: 'job', jobs: 120, run: scheduled },
  {
    name: 'rate-limited',
    what: '2,000 jobs at once with a rate limit of 20 per second',
    unit: 'job',
    jobs: 2_000,
    run: rateLimited,
  },
  { name: '5 s', what: 'one job a minute, with a handler of 5 s', unit: 'job', jobs: 30, run: alone(5_000) },
  {
    name: '10 min',
    what: 'one job every 15 minutes, with a handler of 10 min',
    unit: 'job',
    jobs: 6,
    run: alone(600_000, { minutes: 15 }),
  },
  {
    name: 'late',
    what: 'one plain job a minute, whose wake-up takes 2 s',
    unit: 'job',
    jobs: 60,
    options: { deliveryMs: 2_000 },
    run: alone(handlerMs),
  },
]

/** Runs a shape and returns its counts. @param storage of an object in which nothing is stored */
export async function measured({ jobs, run, options, isAlone }: Shape, storage: DurableObjectStorage): Promise<Counts> {
  const deployment = new Deployment(storage, options)
  const work = run(deployment)
  const counts = isAlone
    ? await deployment.countAlone(() => work(jobs))
    : await deployment.countSteady(() => work(jobs))
  return { jobs, ...counts }
}
