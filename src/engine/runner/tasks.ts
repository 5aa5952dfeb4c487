/** The tasks that a Worker serves, by the names that their jobs are recorded under. */
import { ChardError } from '../task/errors.ts'
import { onFailedTask } from '../task/names.ts'
import type { TaskDefinition } from '../task/task.ts'

/** How the jobs of one name are handled: by a task's `run`, or by its `onFailed`. */
export type Served = { readonly task: TaskDefinition; readonly part: 'run' | 'onFailed' }

export class ServedTasks {
  readonly #byName = new Map<string, Served>()
  /** The timeout of each name in milliseconds, which a runner tells its ledger. */
  readonly timeouts: Readonly<Record<string, number>>

  /** @throws ChardError `invalid-option` when two tasks have one name */
  constructor(readonly definitions: readonly TaskDefinition[]) {
    for (const task of definitions) {
      if (this.#byName.has(task.name))
        throw new ChardError('invalid-option', `two tasks are named ${task.name}; a name stands for one task`)
      this.#byName.set(task.name, { task, part: 'run' })
      if (task.onFailed) this.#byName.set(onFailedTask(task.name), { task, part: 'onFailed' })
    }
    this.timeouts = Object.fromEntries([...this.#byName].map(([name, { task }]) => [name, task.timeoutMs]))
  }

  get(name: string): Served | undefined {
    return this.#byName.get(name)
  }
}
