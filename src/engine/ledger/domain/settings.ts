/**
 * What people have set for a whole deployment: paused, draining, other limits. Every ledger keeps all of it, with a version
 * that only grows. Shard 0 makes a new version. The other shards take a newer one from the call that changed it or, if that
 * call did not reach them, from the watchdog.
 */
import type { CheckedLimits, GroupLimits } from '../../task/limits.ts'
import { checkedLimits, noLimits } from '../../task/limits.ts'
import type { Settings, SettingsChange, TaskSettings } from '../protocol/settings.ts'

export const noSettings: Settings = { version: 0, paused: false, draining: false, tasks: {} }

/** The settings after a change: a new version, larger than any that a clock has made before. */
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
 * The limits that hold now. A kind of limit that the task does not declare does not hold: its jobs were not brought to one
 * shard for it.
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
