/** What a Worker's entry exports, and how it is made. */
import { WorkerEntrypoint } from 'cloudflare:workers'
import { type LedgerClass, ledgerClass } from './ledger/host/durable-object.ts'
import type { Service } from './service.ts'

/** What `serve` returns, for a Worker's entry to export. */
export interface ChardWorker extends Pick<Service, 'queue' | 'scheduled'> {
  /** The Durable Object class. Export it under the `class_name` of the binding in wrangler.toml. */
  readonly Ledger: LedgerClass
  /** Lets a ledger start a runner without the queue. Export it as `Runner`, or leave it out to switch that off. */
  readonly Runner: RunnerEntrypoint
}

type RunnerEntrypoint = new (
  ctx: ExecutionContext,
  env: Cloudflare.Env,
) => WorkerEntrypoint & { start(shard: number): Promise<void> }

export function workerOf({ queue, scheduled, ledgers, runShard }: Service): ChardWorker {
  return {
    queue,
    scheduled,
    Ledger: ledgerClass(ledgers),
    Runner: class extends WorkerEntrypoint {
      /** Answers at once and works on: the ledger that calls it must not be kept awake by the runner's work. */
      async start(shard: number): Promise<void> {
        this.ctx.waitUntil(runShard(shard))
      }
    },
  }
}
