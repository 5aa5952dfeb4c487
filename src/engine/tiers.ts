/**
 * The tiers of running a task: in the background of this isolate, recorded and started here at once, or recorded for a
 * runner to claim.
 */
import type { Client } from './client/client.ts'
import type { CompletionListeners } from './client/completion-listeners.ts'
import { runInBackground } from './runner/background.ts'
import { startNow } from './runner/start-now.ts'
import { ServedTasks } from './runner/tasks.ts'
import { inlineWallMs, type Runners } from './runners.ts'
import type { Tiers } from './task/define-task.ts'
import type { Platform } from './task/platform.ts'
import type { RunContext } from './task/task.ts'

export interface TierPorts {
  readonly platform: Platform
  readonly client: Client
  readonly listeners: CompletionListeners
  readonly runners: Runners
  readonly enqueueChild: (parent: string) => RunContext['enqueue']
  readonly logsAttempts: boolean
  /** Undefined before `serve` was called. */
  readonly served: () => ServedTasks | undefined
}

export function tiersOf(ports: TierPorts): Tiers {
  const { platform, client, listeners, runners, served } = ports
  return {
    background: (task, request) => runInBackground(ports, task, request),
    async enqueue(task, requests) {
      const [first, second] = requests
      if (first?.options.startNow !== true || second)
        return (await client.enqueue(task, requests)).map(({ job }) => job)
      const tasks = served() ?? new ServedTasks([task])
      const runnerOf: Parameters<typeof startNow>[0]['runnerOf'] = (shard, id, own) =>
        runners.ofJob(shard, id, tasks, own)
      return [await startNow({ platform, client, listeners, runnerOf, wallMs: inlineWallMs }, task, first)]
    },
  }
}
