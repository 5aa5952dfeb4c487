/** The engine in a Worker: the platform's own clock, bindings and classes. */
import { exports as ownExports, WorkerEntrypoint } from 'cloudflare:workers'
import type { Chard } from './api.ts'
import { composeEngine } from './compose.ts'
import { ledgerClass } from './ledger/host/durable-object.ts'
import type { ChardOptions } from './options.ts'
import { workerPlatform } from './platform.ts'

/**
 * Sets up the engine of one deployment. Reads no binding yet, so that it can be called where modules are loaded.
 * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes
 */
export function createChard(options: ChardOptions = {}): Chard {
  const engine = composeEngine(options, { platform: workerPlatform, startRunner })
  return {
    ...engine,
    serve(tasks) {
      const { queue, scheduled, ledgers, runShard } = engine.serve(tasks)
      return {
        queue,
        scheduled,
        Ledger: ledgerClass(ledgers),
        Runner: class extends WorkerEntrypoint {
          /** Answers at once and works on: the ledger must not be kept awake by what its runner does. */
          async start(shard: number): Promise<void> {
            this.ctx.waitUntil(runShard(shard))
          }
        },
      }
    },
  }
}

/** The Worker's own entrypoint `Runner`, where it is exported. */
function startRunner(): ((shard: number) => Promise<void>) | undefined {
  const entrypoint = (ownExports as { Runner?: { start(shard: number): Promise<void> } }).Runner
  return entrypoint && ((shard) => entrypoint.start(shard))
}
