/**
 * Chard, as the Worker of `bench/worker` on workerd: the production build of the engine, Durable Objects stored on disk.
 * What production adds is the network between the Worker, its ledgers and its queue.
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

  /** A fresh one: empty ledgers in a folder of its own. */
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

  /** Looks after lost wake-ups, as the cron trigger does every minute. */
  cron(): void {
    this.#group.write('cron\n')
  }

  async kill(): Promise<void> {
    await this.#group.kill()
  }

  /** An orderly end, until it is started again. */
  async stop(): Promise<void> {
    await this.#group[Symbol.asyncDispose]()
  }

  /** The database of its only ledger that has been used. Nobody may look into it but while the server is stopped. */
  async ledgerFile(): Promise<string> {
    const { folder } = this.options
    const files = await readdir(folder, { recursive: true })
    // The runtime keeps an index of its objects beside them.
    const found = files.filter((file) => /Ledger.*\.sqlite$/.test(file) && !file.endsWith('metadata.sqlite'))
    if (found.length !== 1) throw new Error(`there are ${found.length} ledgers in ${folder}: ${files}`)
    return join(folder, found[0] as string)
  }

  /** Starts it again over what it had stored. */
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
