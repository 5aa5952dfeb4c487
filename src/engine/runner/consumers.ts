/** The queue's consumers. A wake-up starts a runner; a dead one is reported. `queue()` never throws. */
import type { Platform } from '../task/platform.ts'
import type { RunReport } from './runner.ts'

/** What a queue message holds, and nothing else. It says which shard has work, never which work. */
export interface WakeUp {
  readonly shard: number
}

export interface ConsumerPorts {
  readonly platform: Platform
  /** Runs a shard until it is dry. */
  readonly runShard: (shard: number) => Promise<RunReport>
  /** True for a shard that this deployment may have. */
  readonly isShard: (shard: number) => boolean
}

/**
 * Answers wake-ups. Every message is acked explicitly and first: it was only a hint, and whatever it stood for is in
 * the ledger, which sends another while work waits.
 */
export async function answerWakeUps(
  { platform, runShard, isShard }: ConsumerPorts,
  batch: MessageBatch,
): Promise<void> {
  const shards = new Set<number>()
  for (const message of batch.messages) {
    message.ack()
    const shard = shardOf(message.body)
    if (shard !== undefined && isShard(shard)) shards.add(shard)
    else platform.log('wake-up-not-understood', { queue: batch.queue, message: message.id })
  }
  await Promise.all(
    [...shards].map(async (shard) => {
      try {
        const { runner, jobs, syncs } = await runShard(shard)
        platform.log('runner', { shard, runner, jobs, syncs })
      } catch (error) {
        platform.log('runner-failed', { shard, error: String(error) })
      }
    }),
  )
}

/** Reports wake-ups that the queue gave up on. Sends nothing: their work is in the ledger. */
export function reportDeadWakeUps({ platform }: Pick<ConsumerPorts, 'platform'>, batch: MessageBatch): void {
  for (const message of batch.messages) {
    message.ack()
    platform.log('wake-up-dead', { queue: batch.queue, message: message.id, shard: shardOf(message.body) ?? null })
  }
}

function shardOf(body: unknown): number | undefined {
  const shard = typeof body === 'object' && body !== null ? (body as { shard?: unknown }).shard : undefined
  return typeof shard === 'number' && Number.isInteger(shard) && shard >= 0 ? shard : undefined
}
