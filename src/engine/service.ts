/** What a platform calls once `serve` has named the tasks: the queue consumer, the watchdog, and what ledgers are opened with. */
import type { Bindings } from './bindings.ts'
import type { Client } from './client/client.ts'
import type { ScheduleRegistry } from './client/schedules.ts'
import type { LedgerSizes } from './ledger/domain/sizes.ts'
import type { LedgerConfig } from './ledger/host/ledger.ts'
import type { TaskPolicy } from './ledger/transaction/context.ts'
import type { CheckedOptions } from './options.ts'
import { answerWakeUps, reportDeadWakeUps } from './runner/consumers.ts'
import type { ServedTasks } from './runner/tasks.ts'
import { inlineWallMs, queueWallMs, type Runners } from './runners.ts'
import { onFailedTask } from './task/names.ts'
import type { Platform } from './task/platform.ts'
import { defaultRetryPolicy } from './task/retry.ts'
import type { TaskDefinition } from './task/task.ts'
import { isWebhookSet } from './webhook.ts'

/** A deployment at work, on any platform. */
export interface Service {
  /** The consumer of the wake-ups and of their dead-letter queue. Never rejects. */
  readonly queue: (batch: MessageBatch) => Promise<void>
  /** The watchdog, for the cron trigger: every ledger looks whether its alarm is armed. Never rejects. */
  readonly scheduled: () => Promise<void>
  /** What each ledger of this deployment is opened with. */
  readonly ledgers: LedgerConfig
  /** Runs a shard in the rest of an invocation that has answered. Never rejects. */
  readonly runShard: (shard: number) => Promise<void>
}

export interface ServicePorts {
  readonly platform: Platform
  readonly options: CheckedOptions
  readonly bindings: Bindings
  readonly client: Client
  readonly schedules: ScheduleRegistry
  readonly runners: Runners
  /** Starts a runner in an invocation of its own. Answers undefined where that is not possible. */
  readonly startRunner: () => ((shard: number) => Promise<void>) | undefined
  /** How much a ledger holds in memory and does at once. Default: the sizes of production. */
  readonly sizes?: LedgerSizes
}

export function serviceOf(tasks: ServedTasks, ports: ServicePorts): Service {
  const { platform, options, bindings, client, schedules, runners } = ports
  const consumer = {
    platform,
    runShard: (shard: number) => runners.ofShard(shard, tasks, queueWallMs).run(),
    isShard: (shard: number) => shard < options.shards,
  }
  const policies = policiesOf(tasks.definitions)
  return {
    async queue(batch) {
      // Only its name tells a dead-letter queue from the queue that it belongs to.
      if (/-dead$|-dlq$/.test(batch.queue)) reportDeadWakeUps(consumer, batch)
      else await answerWakeUps(consumer, batch)
    },
    async scheduled() {
      try {
        const { rearmed, missing } = await client.wakeAll()
        if (rearmed > 0 || missing.length > 0) platform.log('watchdog', { rearmed, missing })
      } catch (error) {
        platform.log('watchdog-failed', { error: String(error) })
      }
    },
    ledgers: {
      policy: (name) => policies.get(name) ?? { retry: defaultRetryPolicy, onFailed: false },
      retentionMs: options.retentionMs,
      historyBytesMax: options.historyBytesMax,
      ...(ports.sizes && { sizes: ports.sizes }),
      platform,
      schedules: (shard) => schedules.ofShard(shard),
      serves: (name) => policies.has(name),
      notifies: () => isWebhookSet(options.webhook),
      sendWakeUps: (shard, wakeUps) => bindings.sendWakeUps(shard, wakeUps),
      startRunner: (shard) => {
        const start = options.directStart ? ports.startRunner() : undefined
        return start && (() => start(shard))
      },
    },
    async runShard(shard) {
      const report = await runners.ofShard(shard, tasks, inlineWallMs).run()
      platform.log('runner', { shard, ...report, direct: true })
    },
  }
}

/** What ledgers must know of each task, and of the `onFailed` of each. */
function policiesOf(definitions: readonly TaskDefinition[]): Map<string, TaskPolicy> {
  const policies = new Map<string, TaskPolicy>()
  for (const { name, retry, retentionMs, onFailed, limits } of definitions) {
    policies.set(name, { retry, retentionMs, onFailed: onFailed !== undefined, limits })
    policies.set(onFailedTask(name), { retry, retentionMs, onFailed: false })
  }
  return policies
}
