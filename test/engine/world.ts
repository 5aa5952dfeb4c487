/** The world of the engine's own tests: it can also run a runner by itself, with bounds and under an id of its own. */
import { enqueueChildOf } from '../../src/engine/client/children.ts'
import { Client } from '../../src/engine/client/client.ts'
import { CompletionListeners } from '../../src/engine/client/completion-listeners.ts'
import { Ledgers } from '../../src/engine/client/ledgers.ts'
import { Runner, type RunnerBounds, type RunReport } from '../../src/engine/runner/runner.ts'
import { ServedTasks } from '../../src/engine/runner/tasks.ts'
import { NodeWorld, type NodeWorldOptions as WorldOptions } from '../../src/testing/node-world.ts'

export type { WorldOptions }

export const defaultBounds: RunnerBounds = { concurrency: 10, jobsMax: 500, syncsMax: 500, wallMs: 14.5 * 60_000 }

export class World extends NodeWorld {
  /** A runner of a shard, in an invocation of its own. */
  runner(shard = 0, bounds: Partial<RunnerBounds> = {}, platform = this.invocation()): { run(): Promise<RunReport> } {
    const shards = this.ledgers.length
    const stubs = (of: number) => this.ledger(of).stub(platform)
    const client = new Client({
      retentionMs: 7 * 86_400_000,
      homeShards: shards,
      shards,
      platform,
      stubs,
      listeners: new CompletionListeners(),
    })
    const ledgers = new Ledgers({ shards, stubs, platform })
    const served = [...this.chard.tasks.served().values()].map(({ definition }) => definition)
    const runner = new Runner(
      {
        platform,
        sync: (request) => ledgers.call(shard, (ledger) => ledger.sync(request)),
        tasks: new ServedTasks(served),
        enqueueChild: enqueueChildOf(client),
        logsAttempts: false,
      },
      { ...defaultBounds, ...bounds },
    )
    return { run: () => platform.run(() => runner.run()) }
  }
}

/** A world whose queue loses every message: the only runners in it are those that a test starts. */
export function silentWorld(options: WorldOptions = {}): World {
  const world = new World(options)
  world.queue.fate = () => []
  return world
}
