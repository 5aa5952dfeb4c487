/**
 * Runs the bench's Worker on workerd, without the proxy that `wrangler dev` puts in front of it. A program of its own, so
 * that it can be killed as a whole and shares no event loop with the client that measures it.
 *
 *   node chard-server.ts '{ "port": …, "inspectorPort": …, "entryPort": …, "folder": "…", "bundle": "…", "shards": … }'
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Log, LogLevel, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'

export interface ChardServerOptions {
  /** Where the Worker listens itself. */
  readonly port: number
  /** Where the runtime's own proxy listens, which nobody asks. */
  readonly entryPort: number
  readonly inspectorPort: number
  /** Where its Durable Objects are stored. */
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
// Its cron is fired by the one who started it: the line tells that it is ready, and each line that comes asks for one.
console.log('READY')
process.stdin.on('data', async () => (await miniflare.getWorker('bench')).scheduled({ cron: '* * * * *' }))
