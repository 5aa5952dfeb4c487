/** The queue's consumers: a wake-up starts a runner, and a dead wake-up is reported. `queue()` never rejects. */
import type { Platform } from '../task/platform.ts'
import type { RunReport } from './runner.ts'

/** What a message of the queue holds: which shard has work, and not which work. */
export interface WakeUp {
  readonly shard: number
}

export interface ConsumerPorts {
  readonly platform: Platform
  /** Runs a shard until it has no more work. */
  readonly runShard: (shard: number) => Promise<RunReport>
  /** True for a shard that is in use. */
  readonly isShard: (shard: number) => boolean
}

/**
 * Starts a runner for each shard that is named. Every message is acknowledged first: it is a hint, the work itself is in the
 * ledger, and the ledger sends another wake-up while work waits.
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

/** Reports the wake-ups that the queue has given up. Nothing is sent again: their work is in the ledger. */
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
