/**
 * BullMQ, with the queue in this process and each worker in a process of its own. Completed jobs are kept, which is its
 * default and Chard's: https://docs.bullmq.io/guide/queues/auto-removal-of-jobs
 */
import { join } from 'node:path'
import { Client } from '../client.ts'
import { freePort, Group } from '../processes.ts'
import { connectionTo, loadBullMQ, type Queue, type QueueEvents, queueName } from './bullmq-library.ts'
import { type Fsync, Redis } from './redis.ts'

/** The guide recommends 100 to 300 for work that mostly waits: https://docs.bullmq.io/guide/workers/concurrency */
export const bullConcurrency = 100
/** On two cores, which Redis and the client use as well, one process was as fast as two. */
export const bullProcesses = 1

export class BullMQ implements AsyncDisposable {
  readonly queue: Queue
  readonly #redis: Redis
  readonly #stack: AsyncDisposableStack

  private constructor(queue: Queue, redis: Redis, stack: AsyncDisposableStack) {
    this.queue = queue
    this.#redis = redis
    this.#stack = stack
  }

  static async start(fsync: Fsync): Promise<BullMQ> {
    await using stack = new AsyncDisposableStack()
    const redis = stack.use(await Redis.start(fsync))
    for (let started = 0; started < bullProcesses; started++) {
      const args = [join(import.meta.dirname, 'bullmq-worker.ts'), String(redis.port), String(bullConcurrency)]
      const group = stack.use(new Group('BullMQ', { program: process.execPath, args }))
      await group.ready(() => group.log.includes('READY'))
    }
    const library = await loadBullMQ()
    const queue = new library.Queue(queueName, connectionTo(redis.port))
    stack.defer(() => queue.close())
    return new BullMQ(queue, redis, stack.move())
  }

  /** A stream of the events of all jobs, which `waitUntilFinished` needs. */
  async events(): Promise<QueueEvents> {
    const { QueueEvents } = await loadBullMQ()
    const events = new QueueEvents(queueName, connectionTo(this.#redis.port))
    this.#stack.defer(() => events.close())
    await events.waitUntilReady()
    return events
  }

  /** Starts a server that adds one job per request. */
  async http(): Promise<Client> {
    const port = await freePort()
    const args = [join(import.meta.dirname, 'bullmq-http.ts'), String(this.#redis.port), String(port)]
    const group = this.#stack.use(new Group('the server of BullMQ', { program: process.execPath, args }))
    await group.ready(() => group.log.includes('READY'))
    return new Client(`http://127.0.0.1:${port}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync()
  }
}
