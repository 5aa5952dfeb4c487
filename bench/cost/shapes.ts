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
  /** The task whose jobs they are. */
  readonly task: string
  readonly jobs: number
  readonly run: (deployment: Deployment, jobs: number) => Promise<void>
}

/** How long a handler takes that mails or calls an API, where nothing else is said. */
const handlerMs = 50
const anything = z.unknown()

/** One job a minute, alone each time. */
function alone(ranMs: number, more: { failsFirst?: boolean; minutes?: number } = {}): Shape['run'] {
  return async (deployment, jobs) => {
    const { world } = deployment
    const task = world.task({
      name: 'alone',
      input: anything,
      timeout: '14m',
      run: async (_, { attempt }) => {
        await world.clock.sleep(ranMs)
        if (more.failsFirst && attempt === 1) throw new Error('the first attempt fails')
      },
    })
    for (let n = 0; n < jobs; n++) {
      await deployment.request(() => task.enqueue(n))
      await deployment.minutes(more.minutes ?? 1)
    }
  }
}

async function signUps(deployment: Deployment, count: number): Promise<void> {
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
  for (let userId = 0; userId < count; userId++) {
    await deployment.request(async () => {
      await avatar.enqueue({ userId }, { idempotencyKey: `avatar:${userId}` })
      await welcome.background({ userId })
    })
    await deployment.minutes(1)
  }
}

/** Jobs enqueued by hundreds, all at once. */
function many(ranMs: number, batch = 500): Shape['run'] {
  return async (deployment, jobs) => {
    const { world } = deployment
    const task = world.task({ name: 'many', input: anything, run: () => world.clock.sleep(ranMs) })
    for (let made = 0; made < jobs; made += batch) {
      const inputs = Array.from({ length: Math.min(batch, jobs - made) }, (_, index) => ({ input: made + index }))
      await deployment.request(() => task.enqueueMany(inputs))
    }
  }
}

async function rateLimited(deployment: Deployment, jobs: number): Promise<void> {
  const { world } = deployment
  const task = world.task({
    name: 'limited',
    input: anything,
    rateLimit: { limit: 20, per: '1s' },
    run: () => world.clock.sleep(handlerMs),
  })
  await deployment.request(() => task.enqueueMany(Array.from({ length: jobs }, (_, n) => ({ input: n }))))
}

async function scheduled(deployment: Deployment, slots: number): Promise<void> {
  const { world } = deployment
  const task = world.task({ name: 'slot', input: anything, run: () => world.clock.sleep(handlerMs) })
  world.schedules.add({ name: 'every-minute', every: '1m', task, input: 1 })
  await deployment.minutes(slots)
  await world.until(world.client.call(0, (ledger) => ledger.steerSchedule('every-minute', 'pause')))
}

export const shapes: readonly Shape[] = [
  {
    name: 'plain',
    task: 'alone',
    what: 'a plain job alone, one a minute',
    unit: 'job',
    jobs: 120,
    run: alone(handlerMs),
  },
  {
    name: 'sign-up',
    task: 'draw-avatar',
    what: 'a sign-up: a mail after the response, a picture by the queue',
    unit: 'sign-up',
    jobs: 60,
    run: signUps,
  },
  { name: 'bulk', task: 'many', what: 'enqueueMany by 500, 20,000 at once', unit: 'job', jobs: 20_000, run: many(20) },
  {
    name: 'bulk, 200 ms',
    task: 'many',
    what: 'the same, 4,000 with handlers of 200 ms',
    unit: 'job',
    jobs: 4_000,
    run: many(200),
  },
  {
    name: 'retry',
    task: 'alone',
    what: 'a job alone whose first attempt fails',
    unit: 'job',
    jobs: 60,
    run: alone(handlerMs, { failsFirst: true }),
  },
  { name: 'scheduled', task: 'slot', what: "a schedule's slot, one a minute", unit: 'job', jobs: 60, run: scheduled },
  {
    name: 'rate-limited',
    task: 'limited',
    what: '2,000 at once under 20 a second',
    unit: 'job',
    jobs: 2_000,
    run: rateLimited,
  },
  { name: '5 s', task: 'alone', what: 'a job of 5 s alone', unit: 'job', jobs: 30, run: alone(5_000) },
  {
    name: '10 min',
    task: 'alone',
    what: 'a job of 10 min alone',
    unit: 'job',
    jobs: 6,
    run: alone(600_000, { minutes: 15 }),
  },
  {
    name: 'late',
    task: 'alone',
    what: 'a plain job alone whose wake-up takes 2 s',
    unit: 'job',
    jobs: 60,
    options: { deliveryMs: 2_000 },
    run: alone(handlerMs),
  },
]

/** Runs a shape over the storage of an object in which nothing is stored. */
export async function measured({ jobs, run, options, task }: Shape, storage: DurableObjectStorage): Promise<Counts> {
  const deployment = new Deployment(storage, options)
  await deployment.begin(task)
  await run(deployment, jobs)
  return deployment.end(jobs)
}
