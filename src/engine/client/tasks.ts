/** The tasks of a deployment, as `chard.tasks` shows them: which there are, and what is set for each. */
import { ChardError } from '../task/errors.ts'
import { type CheckedLimits, checkedLimits, type TaskLimits } from '../task/limits.ts'
import { refuse } from '../task/refuse.ts'
import type { Task, TaskDefinition } from '../task/task.ts'
import type { Client } from './client.ts'
import type { DeploymentControl, DrainResult, SettingsResult } from './control.ts'
import { type TaskList, taskList } from './task-list.ts'

/** What `chard.tasks` offers. */
export interface Tasks {
  /**
   * Every task that the code serves or of which jobs are recorded: its policy, what is set for it, and its jobs by state.
   * @throws ChardError `unavailable`
   */
  list(): Promise<TaskList>
  /** The tasks that `serve` was called with, by name. Empty before that call. */
  // biome-ignore lint/suspicious/noExplicitAny: tasks of any types
  served(): ReadonlyMap<string, Task<any, any>>
  /**
   * Starts no attempts of this task until `resume`. Running attempts go on, and new jobs are accepted.
   * @throws ChardError `invalid-option`, `unavailable`
   */
  pause(name: string): Promise<SettingsResult>
  /** Ends a pause or a draining of this task. @throws as `pause` */
  resume(name: string): Promise<SettingsResult>
  /**
   * Accepts no new jobs of this task until `resume`, and works off those there are. `left` says how many are not final
   * yet. Meanwhile `enqueue` throws `draining`.
   * @throws as `pause`
   */
  drain(name: string): Promise<DrainResult>
  /**
   * Replaces the limits that the code declares, for the kinds that it declares. Without limits the code's hold again.
   *
   *     await chard.tasks.setLimits('call-partner', { rateLimit: { limit: 5, per: '1s' } })
   *
   * @throws ChardError `unknown-task`, `invalid-option`, `unavailable`
   */
  setLimits(name: string, limits?: TaskLimits): Promise<SettingsResult>
}

export interface TasksPorts {
  readonly client: Client
  readonly control: DeploymentControl
  readonly served: Tasks['served']
  /** A served task by its name. Throws `unknown-task`. */
  readonly servedTask: (name: string) => TaskDefinition
}

export function tasksOf({ client, control, served, servedTask }: TasksPorts): Tasks {
  return {
    async list() {
      const definitions = [...served().values()].map(({ definition }) => definition)
      return taskList(definitions, await client.overview(), await control.settings())
    },
    served,
    pause: async (name) => control.change({ kind: 'pause', task: checkedName(name) }),
    resume: async (name) => control.change({ kind: 'resume', task: checkedName(name) }),
    drain: async (name) => control.drain(checkedName(name)),
    async setLimits(name, limits) {
      const { limits: declared } = servedTask(name)
      if (limits) refuseUndeclared(name, declared, checkedLimits(limits, name))
      return control.change({ kind: 'limits', task: name, limits })
    },
  }
}

/** Without a name the ledgers would take the change for one of every task. */
function checkedName(name: unknown): string {
  return typeof name === 'string' ? name : refuse('task', name, "a task's name")
}

/** A limit that the code does not declare would hold on each shard separately: its jobs are not on one shard. */
function refuseUndeclared(task: string, declared: CheckedLimits, set: CheckedLimits): void {
  for (const of of ['whole', 'each'] as const) {
    for (const kind of ['rate', 'concurrency'] as const) {
      if (set[of][kind] === undefined || declared[of][kind] !== undefined) continue
      const option = `${of === 'each' ? 'perPartition.' : ''}${kind === 'rate' ? 'rateLimit' : kind}`
      throw new ChardError(
        'invalid-option',
        `task ${task} declares no ${option}; setLimits takes other values for the limits that the task's code declares`,
      )
    }
  }
}
