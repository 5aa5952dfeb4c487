/** FastAPI with BackgroundTasks on Uvicorn, the usual first solution. It stores no jobs. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client } from '../client.ts'
import { freePort, type Group, temporaryFolder } from '../processes.ts'
import { uvicorn } from './python.ts'

/**
 * One per core of a machine with two: https://fastapi.tiangolo.com/deployment/server-workers/. Each has forty threads for
 * sync functions (https://www.starlette.io/threadpool/), so two workers have twice the capacity of one.
 */
export const fastapiWorkers = 2

export class FastApi implements AsyncDisposable {
  readonly client: Client
  readonly #port: number
  readonly #done: string
  readonly #stack: AsyncDisposableStack
  #group: Group | undefined

  private constructor(port: number, done: string, stack: AsyncDisposableStack) {
    this.client = new Client(`http://127.0.0.1:${port}`, undefined, false)
    this.#port = port
    this.#done = done
    this.#stack = stack
  }

  static async start(): Promise<FastApi> {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder()).path
    const server = new FastApi(await freePort(), join(folder, 'done'), stack.move())
    await server.restart()
    return server
  }

  /** The number of finished background jobs, crashes included: the server appends a byte to a file for each. */
  async completed(): Promise<number> {
    return (await readFile(this.#done)).length
  }

  async kill(): Promise<void> {
    await this.#group?.kill()
  }

  async restart(): Promise<void> {
    const group = uvicorn('users:app', this.#port, fastapiWorkers, { BENCH_DONE: this.#done })
    this.#group = group
    await group.ready(async () => (await fetch(`${this.client.url}/docs`)).ok)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // An orderly end would wait for the tasks that its threads still run.
    await this.kill()
    await this.#stack.disposeAsync()
  }
}
