/**
 * Runs the bench's Worker on workerd, without the proxy that `wrangler dev` puts in front of it. It is a separate program so
 * that it can be killed as a whole, and so that it shares no event loop with the client that measures it.
 *
 *   node chard-server.ts '{ "port": …, "inspectorPort": …, "entryPort": …, "folder": "…", "bundle": "…", "shards": … }'
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'

export interface ChardServerOptions {
  /** The port on which the Worker listens. */
  readonly port: number
  /** The port of Miniflare's proxy, which is not used. */
  readonly entryPort: number
  readonly inspectorPort: number
  /** The folder in which its Durable Objects are stored. */
  readonly folder: string
  /** The file that holds the bundled Worker. */
  readonly bundle: string
  readonly shards: number
}

const host = '127.0.0.1'
const given: ChardServerOptions = JSON.parse(process.argv[2] ?? '{}')
const { workerOptions } = unstable_getMiniflareWorkerOptions(join(import.meta.dirname, '../worker/wrangler.toml'))
const miniflare = new Miniflare(
  convertV4MiniflareOptions({
    host,
    port: given.entryPort,
    inspectorPort: given.inspectorPort,
    cf: false,
    log: new Log(LogLevel.WARN),
    logRequests: false,
    unsafeTriggerHandlers: true,
    resourcePersistencePath: given.folder,
    workers: [
      {
        ...workerOptions,
        name: 'bench',
        bindings: { SHARDS: String(given.shards), BENCH_LOCAL: 'true' },
        modulesRoot: dirname(given.bundle),
        modules: [{ type: 'ESModule', path: given.bundle, contents: readFileSync(given.bundle, 'utf8') }],
        unsafeDirectSockets: [{ host, port: given.port }],
      },
    ],
  }),
)
await miniflare.ready
// The parent process waits for this line. Afterwards each line from the parent runs the cron trigger once.
console.log('READY')
process.stdin.on('data', async () => (await miniflare.getWorker('bench')).scheduled({ cron: '* * * * *' }))
