/** The tasks a Worker serves, by the names jobs are recorded under. */
import { ChardError } from '../task/errors.ts'
import { onFailedTask } from '../task/names.ts'
import type { TaskDefinition } from '../task/task.ts'
import type { Served } from './attempt.ts'

export class ServedTasks {
  readonly #byName = new Map<string, Served>()
  /** Each name and the milliseconds an attempt may take: what a runner tells its ledger. */
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
