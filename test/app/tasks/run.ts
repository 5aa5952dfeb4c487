/** One attempt of a task by itself, without an engine: what its handler does, what it says, what it returns. */
import { env } from 'cloudflare:workers'
import type { FailedContext, Progress, RunContext, Task } from '../../../src/engine/index.ts'

/** The parts of a context that a test looks at or sets. */
export interface Attempt {
  readonly jobId?: string
  readonly attempt?: number
  readonly signal?: AbortSignal
  readonly progress?: Progress[]
  readonly log?: string[]
  readonly createdAt?: number
  readonly schedule?: RunContext['job']['schedule']
}

export async function run<Input, Output>(
  task: Task<Input, Output>,
  input: Input,
  attempt: Attempt = {},
): Promise<Output> {
  return (await task.definition.run(input as never, context(task.name, attempt))) as Output
}

export async function runOnFailed<Input>(task: Task<Input, unknown>, input: Input): Promise<void> {
  const { job, ...rest } = context(task.name, {})
  const failed: FailedContext = {
    ...rest,
    job: { ...job, attempt: 5, reason: 'exhausted' },
    error: { name: 'E', message: '' },
  }
  await task.definition.onFailed?.(input as never, failed)
}

function context(task: string, told: Attempt): RunContext {
  const { jobId = 'job-1', attempt = 1, signal, progress, log, createdAt = 0, schedule } = told
  return {
    env,
    job: { id: jobId, task, maxAttempts: 5, priority: 0, tags: [], createdAt, ...(schedule && { schedule }) },
    attempt,
    signal: signal ?? new AbortController().signal,
    progress: (value, message) => progress?.push({ value, ...(message !== undefined && { message }) }),
    log: (line) => log?.push(line),
    enqueue: () => Promise.reject(new Error('this task makes no children')),
  }
}
