/** The engine in a Worker: the platform's own clock, bindings and classes. */
import { exports as ownExports } from 'cloudflare:workers'
import type { Chard } from './api.ts'
import { composeEngine } from './compose.ts'
import type { ChardOptions } from './options.ts'
import { workerPlatform } from './platform.ts'
import { workerOf } from './worker.ts'

/**
 * Sets up the engine of one deployment. It reads no binding yet, so call it where modules are loaded.
 *
 *     export const chard = createChard({ retention: '30d' })
 *     export const drawAvatar = chard.task({ name: 'draw-avatar', input: schema, run: async ({ userId }) => { … } })
 *     const worker = chard.serve([drawAvatar])
 *     export const Ledger = worker.Ledger
 *     export const Runner = worker.Runner
 *     export default { fetch: app.fetch, queue: worker.queue, scheduled: worker.scheduled }
 *
 * @throws ChardError `invalid-option`, naming the option, the value it got and the value it takes
 */
export function createChard(options: ChardOptions = {}): Chard {
  const engine = composeEngine(options, { platform: workerPlatform, startRunner })
  return { ...engine, serve: (tasks) => workerOf(engine.serve(tasks)) }
}

/** The Worker's own entrypoint `Runner`, where it is exported. */
function startRunner(): ((shard: number) => Promise<void>) | undefined {
  const entrypoint = (ownExports as { Runner?: { start(shard: number): Promise<void> } }).Runner
  return entrypoint && ((shard) => entrypoint.start(shard))
}
