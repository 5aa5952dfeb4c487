/** Celery over Redis. Its settings are in `bench/python/tasks.py`. */
import { Client } from '../client.ts'
import { freePort } from '../processes.ts'
import { python, uvicorn } from './python.ts'
import { type Fsync, Redis } from './redis.ts'

/** One process per core of a machine with two: https://docs.celeryq.dev/en/stable/userguide/workers.html#concurrency */
export const celeryConcurrency = 2
export const enqueuerWorkers = 2

export class Celery implements AsyncDisposable {
  readonly #env: NodeJS.ProcessEnv
  readonly #stack: AsyncDisposableStack

  private constructor(env: NodeJS.ProcessEnv, stack: AsyncDisposableStack) {
    this.#env = env
    this.#stack = stack
  }

  static async start(fsync: Fsync): Promise<Celery> {
    await using stack = new AsyncDisposableStack()
    const redis = stack.use(await Redis.start(fsync))
    const env = { BENCH_REDIS: `redis://127.0.0.1:${redis.port}` }
    const pool = ['--pool', 'prefork', '--concurrency', String(celeryConcurrency)]
    // There is only one worker, so workers need not exchange their state.
    const alone = ['--without-gossip', '--without-mingle', '--without-heartbeat']
    const args = ['-m', 'celery', '-A', 'tasks', 'worker', ...pool, ...alone, '--loglevel', 'WARNING']
    stack.use(python('Celery', args, env))
    const celery = new Celery(env, stack.move())
    // Celery logs its readiness only at a level at which it logs every job too. A finished job shows that it is ready.
    await celery.measure('one-at-a-time', 1, 1)
    return celery
  }

  /** Runs the measure in Celery's own client, `bench/python/measure.py`, and returns the result. */
  async measure<T>(name: string, jobs: number, warmUp: number): Promise<T> {
    const output = await python(
      'the client of Celery',
      ['measure.py', name, String(jobs), String(warmUp)],
      this.#env,
    ).ended()
    return JSON.parse(/^RESULT (.*)$/m.exec(output)?.[1] ?? 'null') as T
  }

  /** Starts FastAPI in front of Celery. */
  async http(): Promise<Client> {
    const port = await freePort()
    const group = this.#stack.use(uvicorn('enqueuer:app', port, enqueuerWorkers, this.#env))
    const client = new Client(`http://127.0.0.1:${port}`)
    await group.ready(async () => (await fetch(`${client.url}/docs`)).ok)
    return client
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
