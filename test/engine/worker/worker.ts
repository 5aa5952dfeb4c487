/** The engine in a Worker of its own: a task for each thing a handler can do. */
import { z } from 'zod'
import { createChard, NonRetryableError, snooze, type Webhook } from '../../../src/engine/index.ts'

/** The webhook, as a test sets it. */
export const hook: { current: Webhook | undefined } = { current: undefined }

export const chard = createChard({ shards: 2, webhook: () => hook.current })

/** What handlers did, for tests to look at: tests share the isolate with the Worker. */
export const seen: string[] = []

/** Handlers of `gated` wait for their gate. They poll it, because a promise must not be resolved from another context. */
export const opened = new Set<string>()

export const double = chard.task({
  name: 'double',
  input: z.object({ n: z.number() }),
  run: async ({ n }) => ({ n: n * 2 }),
})

export const gated = chard.task({
  name: 'gated',
  input: z.object({ gate: z.string() }),
  retry: { delay: 0 },
  run: async ({ gate }, { attempt, signal, progress, job }) => {
    seen.push(`${gate} began ${attempt} ${job.id}`)
    progress(0.5, 'half way')
    while (!opened.has(gate) && !signal.aborted) await scheduler.wait(5)
    return gate
  },
})

export const failing = chard.task({
  name: 'failing',
  input: z.object({ times: z.number(), name: z.string() }),
  retry: { maxAttempts: 3, delay: 0 },
  run: async ({ times, name }, { attempt }) => {
    seen.push(`${name} ${attempt}`)
    if (attempt <= times) throw new Error(`attempt ${attempt} failed`)
    return attempt
  },
  onFailed: async ({ name }, { error, job }) => {
    seen.push(`${name} onFailed ${job.reason}: ${error.message}`)
  },
})

export const rejecting = chard.task({
  name: 'rejecting',
  input: z.object({}),
  run: async () => {
    throw new NonRetryableError('never')
  },
})

export const patient = chard.task({
  name: 'patient',
  input: z.object({ name: z.string() }),
  retry: { maxAttempts: 1 },
  run: async ({ name }, { attempt }) => {
    seen.push(`${name} asked in attempt ${attempt}`)
    return seen.filter((line) => line.startsWith(`${name} asked`)).length < 3 ? snooze('10ms') : 'there'
  },
})

export const parent = chard.task({
  name: 'parent',
  input: z.object({ name: z.string() }),
  retry: { delay: 0 },
  run: async ({ name }, { attempt, enqueue }) => {
    const child = await enqueue(double, { n: attempt })
    seen.push(`${name} ${child.id}`)
    if (attempt === 1) throw new Error('after the child')
    return child.id
  },
})

export const long = chard.task({ name: 'long', input: z.object({}), timeout: '5m', run: async () => 'done' })

const worker = chard.serve([double, gated, failing, rejecting, patient, parent, long])

export const Ledger = worker.Ledger
export const Runner = worker.Runner
export default { queue: worker.queue, scheduled: worker.scheduled, fetch: () => new Response('engine') }
