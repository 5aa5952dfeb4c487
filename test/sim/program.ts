/** The Worker of this world: the engine, and tasks that do what their input says. */
import { composeEngine, type Engine, type EngineHost } from '../../src/engine/compose.ts'
import { type LedgerSizes, production } from '../../src/engine/ledger/domain/sizes.ts'
import type { RunContext, Task } from '../../src/engine/task/task.ts'
import type { TaskOptions } from '../../src/engine/task/task-options.ts'
import type { Program } from '../../src/testing/isolate.ts'
import type { Input } from './moods.ts'
import type { Plan } from './plan.ts'
import { limitedTasks, type SchedulePlan } from './plan-rules.ts'

/** Accepts everything: schemas are not tested here. */
const anything = {
  '~standard': { version: 1, vendor: 'sim', validate: (value: unknown) => ({ value: value as Input }) },
} as const

/** The retention of the task `brief`. */
export const briefRetentionMs = 60_000

export type Version = 'old' | 'new'

export interface SimProgram extends Program {
  readonly chard: Engine
  readonly tasks: Readonly<Record<string, Task<Input, unknown>>>
}

export interface Handlers {
  run(input: Input, context: RunContext, child: Task<Input, unknown>): Promise<unknown>
}

/** Sizes that the plan does not draw are those of production. */
export function sizesOf({ sizes }: Plan): LedgerSizes {
  return { ...production, ...sizes }
}

export function programOf(plan: Plan, version: Version, host: EngineHost, { run }: Handlers): SimProgram {
  const options = {
    homeShards: plan.homeShards,
    shards: version === 'new' ? plan.shards : plan.homeShards,
    retention: plan.retentionMs,
    historyBytesMax: 2 ** 20,
    runner: { concurrency: plan.concurrency, jobs: plan.jobsMax },
    directStart: plan.directStart,
  }
  const chard = composeEngine(options, { ...host, sizes: sizesOf(plan) })
  const limits = version === 'new' ? plan.rules.limits : plan.rules.limitsOld
  const task = (name: string, options: Partial<TaskOptions<typeof anything, unknown>>): Task<Input, unknown> =>
    chard.task({
      name,
      input: anything,
      timeout: '20s',
      ...options,
      retry: { maxDelay: '20s', ...options.retry },
      run: (input: Input, context) => run(input, context, child),
    }) as Task<Input, unknown>
  const child = task('child', { retry: { maxAttempts: 4 } })
  const tasks: Record<string, Task<Input, unknown>> = {
    child,
    plain: task('plain', { retry: { maxAttempts: 4 } }),
    draw: task('draw', { retry: { maxAttempts: 3, backoff: 'fixed', jitter: 'none' }, timeout: '70s' }),
    once: task('once', { retry: { maxAttempts: 1 } }),
    brief: task('brief', { retry: { maxAttempts: 3 }, retention: briefRetentionMs }),
    hooked: task('hooked', { retry: { maxAttempts: 2 }, onFailed: async () => {} }),
    // The task of most schedules.
    tick: task('tick', { retry: { maxAttempts: 2 } }),
    ...Object.fromEntries(limitedTasks.map((name) => [name, task(name, { ...limits[name], partition: partitionOf })])),
    // The previous release does not have this task: its runners and its ledgers do not know it.
    ...(version === 'new' && {
      fresh: task('fresh', { retry: { maxAttempts: 3 }, timeout: '50s', onFailed: async () => {} }),
    }),
  }
  const service = chard.serve(Object.values(tasks))
  // Ledgers of this version stop a schedule whose task it does not serve.
  const unserved = task('fresh', {})
  for (const schedule of plan.rules.schedules) {
    if (version === 'old' && schedule.isNew) continue
    const everyMs = version === 'old' ? schedule.everyMsOld : schedule.everyMs
    chard.schedule({
      ...ruleOf(schedule, everyMs),
      ...namedOf(schedule),
      task: tasks[schedule.task] ?? unserved,
      jitter: Math.min(schedule.jitterMs, everyMs - 1),
      ...(schedule.expiresInMs !== undefined && { expiresIn: schedule.expiresInMs }),
      input: { n: scheduledN, moods: schedule.moods, partition: 'p1' },
    })
  }
  return { chard, service, tasks }
}

/** A number that no request has. */
const scheduledN = 999_999

function partitionOf({ n, partition }: Input): string {
  return partition ?? `p${n % 4}`
}

function ruleOf({ isCron }: SchedulePlan, everyMs: number): { cron: string } | { every: number } {
  if (!isCron) return { every: everyMs }
  return { cron: everyMs === 60_000 ? '0 * * * * *' : `*/${everyMs / 1_000} * * * * *` }
}

function namedOf({ name, catchUp, overlap }: SchedulePlan): Pick<SchedulePlan, 'name' | 'catchUp' | 'overlap'> {
  return { name, catchUp, overlap }
}
