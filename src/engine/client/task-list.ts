/** The tasks of a deployment: what the code declares, what people have set, and how many jobs there are. */

import { isDraining, isPaused, limitsNow } from '../ledger/domain/settings.ts'
import type { Settings } from '../ledger/protocol/settings.ts'
import { type JobState, jobStates } from '../task/job.ts'
import { type CheckedLimits, type GroupLimits, type LimitOptions, noLimits, type TaskLimits } from '../task/limits.ts'
import type { TaskDefinition } from '../task/task.ts'
import type { Overview } from './overview.ts'

export interface TaskOverview {
  readonly name: string
  /** False for a task that the code does not serve, and of which jobs are recorded. */
  readonly served: boolean
  /** Absent for a task that is not served. */
  readonly policy?: { readonly maxAttempts: number; readonly timeoutMs: number; readonly retentionMs?: number }
  /** The limits that the code declares, and those that hold now. */
  readonly limits: { readonly code: TaskLimits; readonly now: TaskLimits }
  readonly paused: boolean
  readonly draining: boolean
  /** Recorded jobs by state. */
  readonly counts: Readonly<Record<JobState, number>>
}

export interface TaskList {
  readonly tasks: readonly TaskOverview[]
  /** Shards that did not answer: their jobs are not counted. */
  readonly missing: readonly number[]
}

export function taskList(served: readonly TaskDefinition[], overview: Overview, settings: Settings): TaskList {
  const definitions = new Map(served.map((task) => [task.name, task]))
  const recorded = overview.shards.flatMap(({ tasks = {} }) => Object.keys(tasks))
  const names = [...new Set([...definitions.keys(), ...recorded])].sort()
  return {
    tasks: names.map((name) => taskOverview(name, definitions.get(name), overview, settings)),
    missing: overview.missing,
  }
}

function taskOverview(
  name: string,
  definition: TaskDefinition | undefined,
  { shards }: Overview,
  settings: Settings,
): TaskOverview {
  const declared = definition?.limits ?? noLimits
  return {
    name,
    served: definition !== undefined,
    ...(definition && { policy: policyOf(definition) }),
    limits: { code: written(declared), now: written(limitsNow(settings, name, declared)) },
    paused: isPaused(settings, name),
    draining: isDraining(settings, name),
    counts: Object.fromEntries(
      jobStates.map((state) => [state, shards.reduce((sum, { tasks = {} }) => sum + (tasks[name]?.[state] ?? 0), 0)]),
    ) as Record<JobState, number>,
  }
}

function policyOf({ retry, timeoutMs, retentionMs }: TaskDefinition): NonNullable<TaskOverview['policy']> {
  return { maxAttempts: retry.maxAttempts, timeoutMs, ...(retentionMs !== undefined && { retentionMs }) }
}

/** Checked limits, as a task's options are written. */
function written({ whole, each }: CheckedLimits): TaskLimits {
  const limits = ({ rate, concurrency }: GroupLimits): LimitOptions => ({
    ...(rate && { rateLimit: { limit: rate.limit, per: rate.perMs } }),
    ...(concurrency !== undefined && { concurrency }),
  })
  const perPartition = limits(each)
  return { ...limits(whole), ...(Object.keys(perPartition).length > 0 && { perPartition }) }
}
