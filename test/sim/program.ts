/** The Worker of this world: the engine as `createChard` puts it together, and tasks that do what their input says. */
import { createChard } from '../../src/engine/chard.ts'
import type { RunContext, Task, TaskOptions } from '../../src/engine/task/task.ts'
import type { Input } from './moods.ts'
import type { Plan } from './plan.ts'
import type { Program, Version } from './platform/isolate.ts'

/** Accepts everything: schemas are not what is tried here. */
const anything = {
  '~standard': { version: 1, vendor: 'sim', validate: (value: unknown) => ({ value: value as Input }) },
} as const

/** Kept shorter than the rest. */
export const briefRetentionMs = 60_000

export interface Handlers {
  run(input: Input, context: RunContext, child: Task<Input, unknown>): Promise<unknown>
}

export function programOf(plan: Plan, version: Version, { run }: Handlers): Program {
  const chard = createChard({
    shards: plan.homes,
    spread: version === 'new' ? plan.spread : plan.homes,
    retention: plan.retentionMs,
    historyBytesMax: 2 ** 20,
    runner: { concurrency: plan.concurrency, jobs: plan.jobsMax },
    directStart: plan.directStart,
  })
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
    // The previous release knows nothing of it: neither do its runners, nor its ledgers.
    ...(version === 'new' && {
      fresh: task('fresh', { retry: { maxAttempts: 3 }, timeout: '50s', onFailed: async () => {} }),
    }),
  }
  return { chard, worker: chard.serve(Object.values(tasks)), tasks }
}
