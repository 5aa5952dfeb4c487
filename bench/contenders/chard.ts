/**
 * Chard: the Worker of `bench/worker` on workerd, with the engine as in production and Durable Objects stored on disk.
 * Production adds the network between the Worker, its ledgers and its queue.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { Client } from '../client.ts'
import { freePort, Group, temporaryFolder } from '../processes.ts'
import type { ChardServerOptions } from './chard-server.ts'

const root = join(import.meta.dirname, '../..')
const bundle = join(root, 'node_modules/.cache/bench/worker.js')

let built: Promise<unknown> | undefined

export class ChardServer implements AsyncDisposable {
  readonly client: Client
  readonly options: ChardServerOptions
  readonly #stack: AsyncDisposableStack
  #group: Group

  private constructor(options: ChardServerOptions, group: Group, stack: AsyncDisposableStack) {
    this.options = options
    this.#group = group
    this.#stack = stack
    this.client = new Client(`http://127.0.0.1:${options.port}`)
  }

  /** Starts a server with empty ledgers in a new folder. */
  static async start(shards: number): Promise<ChardServer> {
    built ??= build({
      entryPoints: [join(root, 'bench/worker/worker.ts')],
      bundle: true,
      format: 'esm',
      target: 'es2024',
      conditions: ['workerd', 'worker', 'browser'],
      external: ['cloudflare:*', 'node:*'],
      outfile: bundle,
    })
    await built
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await temporaryFolder()).path
    const [port, entryPort, inspectorPort] = [await freePort(), await freePort(), await freePort()]
    const options = { port, entryPort, inspectorPort, folder, bundle, shards }
    const server = new ChardServer(options, launch(options), stack.move())
    await server.#ready()
    return server
  }

  /** Runs the cron trigger, which in production starts the watchdog every minute. */
  cron(): void {
    this.#group.write('cron\n')
  }

  async kill(): Promise<void> {
    await this.#group.kill()
  }

  /** Ends the server in an orderly way. `restart` starts it again. */
  async stop(): Promise<void> {
    await this.#group[Symbol.asyncDispose]()
  }

  /** The database of the only ledger that has been used. It may be opened only while the server is stopped. */
  async ledgerFile(): Promise<string> {
    const { folder } = this.options
    const files = await readdir(folder, { recursive: true })
    // The runtime keeps `metadata.sqlite`, an index of the objects, in the same folder.
    const found = files.filter((file) => /Ledger.*\.sqlite$/.test(file) && !file.endsWith('metadata.sqlite'))
    if (found.length !== 1) throw new Error(`expected one ledger in ${folder}, found ${found.length}: ${files}`)
    return join(folder, found[0] as string)
  }

  /** Starts the server again with its stored data. */
  async restart(): Promise<void> {
    this.#group = launch(this.options)
    await this.#ready()
  }

  async #ready(): Promise<void> {
    await this.#group.ready(() => this.#group.log.includes('READY'))
    await this.#group.ready(async () => (await fetch(this.client.url)).ok)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#group[Symbol.asyncDispose]()
    await this.#stack.disposeAsync()
  }
}

function launch(options: ChardServerOptions): Group {
  return new Group('Chard', {
    program: process.execPath,
    args: [join(import.meta.dirname, 'chard-server.ts'), JSON.stringify(options)],
    env: { CLOUDFLARE_CF_FETCH_ENABLED: 'false', WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true' },
  })
}
