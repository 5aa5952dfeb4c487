/**
 * What people have set for a whole deployment: paused, draining, other limits. Kept whole in every ledger, with a
 * version that only grows: shard 0 makes a new one, the others take what is newer, from the call that changed it or,
 * should that not have reached them, from the watchdog.
 */
import type { CheckedLimits, GroupLimits, TaskLimits } from '../../task/limits.ts'
import { checkedLimits, noLimits } from '../../task/limits.ts'

/** One task's settings. Absent: as the code says. */
export interface TaskSettings {
  readonly paused?: true
  readonly draining?: true
  readonly limits?: TaskLimits
}

export interface Settings {
  readonly version: number
  /** Everything is paused: no attempt begins. Those that run go on. */
  readonly paused: boolean
  /** No task takes new jobs; those recorded are worked off. */
  readonly draining: boolean
  readonly tasks: Readonly<Record<string, TaskSettings>>
}

export const noSettings: Settings = { version: 0, paused: false, draining: false, tasks: {} }

/** One change. Without a task it is about everything; `resume` of everything lets go of every task too. */
export type SettingsChange =
  | { readonly kind: 'pause' | 'drain' | 'resume'; readonly task?: string }
  | { readonly kind: 'limits'; readonly task: string; readonly limits: TaskLimits | undefined }

/** The settings after a change: a new version, later than any clock has made before. */
export function changed(settings: Settings, change: SettingsChange, now: number): Settings {
  const version = Math.max(settings.version + 1, now)
  const { task } = change
  if (task === undefined) return { ...settings, ...everything(settings, change.kind), version }
  const { [task]: own = {}, ...others } = settings.tasks
  const next = ofTask(own, change)
  return { ...settings, version, tasks: Object.keys(next).length === 0 ? others : { ...others, [task]: next } }
}

export function isPaused({ paused, tasks }: Settings, task: string): boolean {
  return paused || tasks[task]?.paused === true
}

export function isDraining({ draining, tasks }: Settings, task: string): boolean {
  return draining || tasks[task]?.draining === true
}

/**
 * The limits that hold now. A kind the task does not declare is not held: its jobs were not brought together for it.
 *
 * @param declared what the code says
 */
export function limitsNow({ tasks }: Settings, task: string, declared: CheckedLimits | undefined): CheckedLimits {
  if (!declared) return noLimits
  const limits = tasks[task]?.limits
  if (!limits) return declared
  const set = checkedLimits(limits, task)
  return { whole: overlaid(declared.whole, set.whole), each: overlaid(declared.each, set.each) }
}

function overlaid(declared: GroupLimits, set: GroupLimits): GroupLimits {
  const rate = declared.rate && (set.rate ?? declared.rate)
  const concurrency = declared.concurrency && (set.concurrency ?? declared.concurrency)
  return { ...(rate && { rate }), ...(concurrency !== undefined && { concurrency }) }
}

function everything(settings: Settings, kind: SettingsChange['kind']): Partial<Settings> {
  if (kind === 'pause') return { paused: true }
  if (kind === 'drain') return { draining: true }
  const tasks = Object.entries(settings.tasks).map(([name, own]) => [name, ofTask(own, { kind: 'resume' })] as const)
  return {
    paused: false,
    draining: false,
    tasks: Object.fromEntries(tasks.filter(([, own]) => Object.keys(own).length > 0)),
  }
}

function ofTask(own: TaskSettings, change: SettingsChange): TaskSettings {
  const { paused, draining, limits, ...others } = own
  if (change.kind === 'pause') return { ...own, paused: true }
  if (change.kind === 'drain') return { ...own, draining: true }
  if (change.kind !== 'limits') return { ...others, ...(limits && { limits }) }
  return {
    ...others,
    ...(paused && { paused }),
    ...(draining && { draining }),
    ...(change.limits && { limits: change.limits }),
  }
}
