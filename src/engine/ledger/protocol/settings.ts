/** What people have set for a whole deployment, as it travels. */
import type { TaskLimits } from '../../task/limits.ts'

/** What is set for one task. An absent field is as the code says. */
export interface TaskSettings {
  readonly paused?: true
  readonly draining?: true
  readonly limits?: TaskLimits
}

export interface Settings {
  readonly version: number
  /** Everything is paused: no attempt begins. Running attempts go on. */
  readonly paused: boolean
  /** No task takes new jobs. Recorded jobs are worked off. */
  readonly draining: boolean
  readonly tasks: Readonly<Record<string, TaskSettings>>
}

/** One change. Without a task it is about everything; a `resume` of everything also resumes every task. */
export type SettingsChange =
  | { readonly kind: 'pause' | 'drain' | 'resume'; readonly task?: string }
  | { readonly kind: 'limits'; readonly task: string; readonly limits: TaskLimits | undefined }
