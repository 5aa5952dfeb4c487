/**
 * What operators see of a job's input. The task decides with its option `visible`. Without the option, the view of a single job
 * shows the input and a list shows none. The input of a task that this code does not serve is hidden, because its option may
 * have gone with its code.
 */
import type { JobRecord } from '../engine/index.ts'
import type { AdminEngine } from './engine.ts'

export interface SeenInput {
  readonly input?: unknown
  /** True when the input, or part of it, is hidden. */
  readonly redacted?: true
}

type Served = ReturnType<AdminEngine['tasks']['served']>

export function seenInput({ task: name, input }: JobRecord, served: Served, where: 'list' | 'single'): SeenInput {
  const task = served.get(name)
  if (task?.definition.visible) return seen(task.definition.visible as (input: unknown) => unknown, input)
  if (where === 'list') return {}
  // `<task>/onFailed` holds the input of the job that failed.
  const owner = task ?? served.get(name.replace(/\/onFailed$/, ''))
  return owner && !owner.definition.visible ? { input } : { redacted: true }
}

/** A stored input may be older than the function that reads it. */
function seen(visible: (input: unknown) => unknown, input: unknown): SeenInput {
  try {
    const text = JSON.stringify(visible(input))
    return { ...(text !== undefined && { input: JSON.parse(text) }), redacted: true }
  } catch {
    return { redacted: true }
  }
}
