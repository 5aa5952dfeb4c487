/** Names of tasks and schedules. */
import { taskNameCharsMax } from './bounds.ts'
import { refuse } from './refuse.ts'

/** @throws ChardError `invalid-option` */
export function checkedName(name: unknown): string {
  if (typeof name === 'string' && /^[A-Za-z0-9][\w.:-]*$/.test(name) && name.length <= taskNameCharsMax) return name
  return refuse('name', name, `up to ${taskNameCharsMax} letters, digits and . _ : -, the first a letter or digit`)
}

/** The name under which the jobs of a task's `onFailed` are recorded. The slash keeps it apart from every task's name. */
export function onFailedTask(task: string): string {
  return `${task}/onFailed`
}

/** The engine's own task, whose jobs send the messages of the webhook. */
export const webhookTask = 'chard.webhook'
