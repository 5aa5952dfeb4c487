/** What a Worker's entry exports. */
import type { WorkerEntrypoint } from 'cloudflare:workers'
import type { LedgerClass } from './ledger/host/durable-object.ts'

/** What a Worker's entry exports. */
export interface ChardWorker {
  /** The consumer of the wake-ups and of their dead-letter queue. Never throws. */
  readonly queue: (batch: MessageBatch) => Promise<void>
  /** The watchdog, for the cron trigger: every ledger looks whether its alarm is armed. Never throws. */
  readonly scheduled: () => Promise<void>
  /** The Durable Object class. Export it under the name that wrangler.toml gives. */
  readonly Ledger: LedgerClass
  /** Lets a ledger start a runner without the queue. Export it as `Runner`; leave it out to switch that off. */
  readonly Runner: RunnerEntrypoint
}

type RunnerEntrypoint = new (
  ctx: ExecutionContext,
  env: Cloudflare.Env,
) => WorkerEntrypoint & { start(shard: number): Promise<void> }
