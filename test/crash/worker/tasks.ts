/** Tasks of every length and outcome. Each tells the witness that it runs before it does anything else. */
import { z } from 'zod'
import { createChard, type RunContext } from '../../../src/engine/index.ts'
import type { Kind } from '../shapes.ts'
import { witness } from './witness.ts'

/** Plain jobs are on one shard more than jobs with keys. */
export const chard = createChard({ homeShards: 3, shards: 4 })

/** Short waits, so that a job meets many crashes in few minutes. */
const retry = { maxAttempts: 8, delay: 100, maxDelay: '2s' } as const
const input = z.object({ n: z.number(), failures: z.number().optional() })

interface Fate {
  /** How long the handler takes. */
  readonly lastsMs: number
  readonly maxAttempts?: number
}

function task(name: Kind, { lastsMs, maxAttempts = retry.maxAttempts }: Fate) {
  return chard.task({
    name,
    input,
    retry: { ...retry, maxAttempts },
    run: async ({ n, failures = 0 }, { job, attempt, signal }) => {
      await witness().ran(job.id, attempt)
      if (lastsMs > 0) await scheduler.wait(lastsMs, { signal })
      if (attempt <= failures) throw new Error(`attempt ${attempt} of ${failures} that fail`)
      return { n }
    },
  })
}

const child = chard.task({
  name: 'child',
  input: z.object({ parent: z.string() }),
  retry,
  run: async ({ parent }, { job, attempt }) => {
    await witness().ran(job.id, attempt)
    return { parent }
  },
})

/** Two children with a pause between: a crash there leaves one, and the next attempt must not make a second first. */
const parent = chard.task({
  name: 'parent',
  input,
  retry,
  run: async (_, { job, attempt, enqueue }: RunContext) => {
    await witness().ran(job.id, attempt)
    const children: string[] = []
    for (let index = 0; index < 2; index++) {
      children.push((await enqueue(child, { parent: job.id })).id)
      await scheduler.wait(100)
    }
    return { children }
  },
})

/** Always fails, and its onFailed runs as a job of its own. */
const hopeless = chard.task({
  name: 'hopeless',
  input,
  retry: { ...retry, maxAttempts: 3 },
  run: async (_, { job, attempt }) => {
    await witness().ran(job.id, attempt)
    throw new Error('it never works')
  },
  onFailed: async (_, { job, attempt }) => witness().ran(`${job.id}/onFailed`, attempt),
})

export const tasks = {
  instant: task('instant', { lastsMs: 0 }),
  short: task('short', { lastsMs: 50 }),
  second: task('second', { lastsMs: 1_000 }),
  long: task('long', { lastsMs: 5_000 }),
  flaky: task('flaky', { lastsMs: 20 }),
  hopeless,
  // One attempt only: a crash during it ends the job, and must be recorded as the reason.
  fragile: task('fragile', { lastsMs: 500, maxAttempts: 1 }),
  parent,
  background: task('background', { lastsMs: 20 }),
} satisfies Record<Kind, unknown>

export const allTasks = [...Object.values(tasks), child]
