/** The tasks of a deployment at a glance: what the code says, what people have set, and how many jobs there are. */
import type { Settings } from '../ledger/settings.ts'
import { isDraining, isPaused } from '../ledger/settings.ts'
import type { TaskLimits } from '../task/flow.ts'
import { type JobState, jobStates } from '../task/job.ts'
import type { RetryPolicy } from '../task/retry.ts'
import type { TaskDefinition } from '../task/task.ts'
import type { Overview } from './client.ts'

export interface TaskOverview {
  readonly name: string
  /** False for a task of which jobs are recorded, and which the code does not serve. */
  readonly served: boolean
  readonly states: Readonly<Record<JobState, number>>
  readonly paused: boolean
  readonly draining: boolean
  readonly timeoutMs?: number
  readonly retry?: RetryPolicy
  /** The limits that the code declares, and those that hold in their place. */
  readonly limits?: TaskLimits
  readonly limitsNow?: TaskLimits
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
  const limits = definition && limitsOf(definition)
  const set = settings.tasks[name]?.limits
  return {
    name,
    served: definition !== undefined,
    states: Object.fromEntries(
      jobStates.map((state) => [state, shards.reduce((sum, { tasks = {} }) => sum + (tasks[name]?.[state] ?? 0), 0)]),
    ) as Record<JobState, number>,
    paused: isPaused(settings, name),
    draining: isDraining(settings, name),
    ...(definition && { timeoutMs: definition.timeoutMs, retry: definition.retry }),
    ...(limits && { limits, limitsNow: set ?? limits }),
  }
}

/** The limits as they are written; undefined for a task that has none. */
function limitsOf({ flow: { whole, each } }: TaskDefinition): TaskLimits | undefined {
  const written = ({ rate, concurrency }: TaskDefinition['flow']['whole']) => ({
    ...(rate && { rateLimit: { limit: rate.limit, per: rate.perMs } }),
    ...(concurrency !== undefined && { concurrency }),
  })
  const perPartition = written(each)
  const limits = { ...written(whole), ...(Object.keys(perPartition).length > 0 && { perPartition }) }
  return Object.keys(limits).length > 0 ? limits : undefined
}
