/**
 * The startNow tier: the job is recorded first, admitted like any claim, leased to this isolate and run here after the
 * response, without the queue. When it is not admitted, it waits for a runner. When the isolate dies, the lease lapses.
 */
import type { Client } from '../client/client.ts'
import type { CompletionListeners } from '../client/completion-listeners.ts'
import { shardOf } from '../ledger/domain/job-id.ts'
import type { Job } from '../task/job.ts'
import type { Platform } from '../task/platform.ts'
import type { TaskDefinition, TaskRequest } from '../task/task.ts'
import { newRunnerId, type Runner, type RunnerListeners } from './runner.ts'

export interface StartNowPorts {
  readonly platform: Platform
  readonly client: Client
  readonly listeners: CompletionListeners
  /** A runner for one job of a shard, under the id that has claimed the job, which says when the job is settled. */
  readonly runnerOf: (shard: number, id: string, own: Required<RunnerListeners>) => Runner
  /** How long work after a response may last. */
  readonly wallMs: number
}

export async function startNow(
  { platform, client, listeners, runnerOf, wallMs }: StartNowPorts,
  task: TaskDefinition,
  request: TaskRequest,
): Promise<Job<never>> {
  const sentAt = platform.now()
  const id = newRunnerId(platform)
  const [recorded] = await client.enqueue(task, [request], { start: { kind: 'claim', runner: id, leaseMs: wallMs } })
  const { job, claimed } = recorded as NonNullable<typeof recorded>
  if (claimed?.lease.startsWith(`${id}.`)) {
    const runner = runnerOf(shardOf(job.id), id, {
      onSettled: (ids, records) => listeners.notifyOwn(ids, records),
      isAwaited: (one) => listeners.hasOwn(one),
    })
    void listeners.begin(job.id)
    platform.waitUntil(
      platform.withCutAt(sentAt + wallMs, async () => {
        await platform.sleep(0)
        runner.adopt(claimed, sentAt)
        await runner.run()
      }),
    )
  }
  return job
}
