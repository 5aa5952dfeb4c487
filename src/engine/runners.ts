/** Makes the runners of a deployment: for a shard, as the queue and the ledgers start them, and for one job, as startNow does. */
import type { Client } from './client/client.ts'
import type { CompletionListeners } from './client/completion-listeners.ts'
import type { SyncRequest } from './ledger/protocol/sync.ts'
import { Runner, type RunnerListeners, type RunnerPorts } from './runner/runner.ts'
import type { ServedTasks } from './runner/tasks.ts'
import type { Platform } from './task/platform.ts'
import type { RunContext } from './task/task.ts'

/** A consumer invocation has 15 minutes; half a minute stays for what is not a job. */
export const queueWallMs = 14.5 * 60_000
/** Work after a response, or after the answer to an RPC, is cut after 30 s. */
export const inlineWallMs = 29_500
/** Syncs of one invocation, which has 1,000 subrequests to share between them and its handlers. */
const syncsMax = 500

export interface RunnersPorts {
  readonly platform: Platform
  readonly client: Client
  readonly listeners: CompletionListeners
  readonly enqueueChild: (parent: string) => RunContext['enqueue']
  readonly logsAttempts: boolean
  /** Jobs that the runner of a shard runs side by side at first. */
  readonly concurrency: number
  /** Jobs in one invocation. */
  readonly jobsMax: number
}

export class Runners {
  readonly #ports: RunnersPorts

  constructor(ports: RunnersPorts) {
    this.#ports = ports
  }

  /** @param wallMs how long the runner's invocation may last */
  ofShard(shard: number, tasks: ServedTasks, wallMs: number): Runner {
    const { concurrency, jobsMax } = this.#ports
    return new Runner(this.#runnerPorts(shard, tasks), { concurrency, jobsMax, syncsMax, wallMs })
  }

  /** A runner under an id that is known before, which runs what it is given and claims nothing. */
  ofJob(shard: number, id: string, tasks: ServedTasks, listeners: RunnerListeners): Runner {
    const bounds = { concurrency: 1, jobsMax: 0, syncsMax, wallMs: inlineWallMs }
    return new Runner({ ...this.#runnerPorts(shard, tasks), ...listeners }, bounds, id)
  }

  #runnerPorts(shard: number, tasks: ServedTasks): RunnerPorts {
    const { platform, client, listeners, enqueueChild, logsAttempts } = this.#ports
    const sync = (request: SyncRequest) => client.call(shard, (ledger) => ledger.sync(request))
    return { platform, sync, tasks, enqueueChild, logsAttempts, onSettled: (ids) => listeners.notify(ids) }
  }
}
