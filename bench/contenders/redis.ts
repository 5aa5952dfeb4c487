/**
 * The Redis in which BullMQ and Celery store their jobs.
 *
 * The guides of both require persistence and `noeviction`: https://docs.bullmq.io/guide/going-to-production and
 * https://docs.celeryq.dev/en/stable/getting-started/backends-and-brokers/redis.html. A crash of the machine may lose up to
 * a second of accepted jobs with `everysec`, and none with `always`, which is what a Durable Object guarantees:
 * https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/
 */
import { freePort, Group, temporaryFolder } from '../processes.ts'

export type Fsync = 'everysec' | 'always'

export class Redis implements AsyncDisposable {
  readonly port: number
  readonly #stack: AsyncDisposableStack

  private constructor(port: number, stack: AsyncDisposableStack) {
    this.port = port
    this.#stack = stack
  }

  static async start(fsync: Fsync): Promise<Redis> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder()).path
    const port = await freePort()
    const settings = {
      port,
      bind: '127.0.0.1',
      dir: folder,
      save: '',
      appendonly: 'yes',
      appendfsync: fsync,
      'maxmemory-policy': 'noeviction',
    }
    const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)])
    const group = stack.use(new Group('Redis', { program: 'redis-server', args }))
    await group.ready(() => group.log.includes('Ready to accept connections'))
    return new Redis(port, stack.move())
  }

  url(database = 0): string {
    return `redis://127.0.0.1:${this.port}/${database}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
