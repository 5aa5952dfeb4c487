/**
 * A Chard over a list of jobs, for the HTTP apps. It has what they call and nothing else. Time does not pass in it: what `watch` and
 * `wait` see is scripted. Every call is recorded.
 */
import * as z from 'zod'
import type { AdminEngine, JobReader } from '../../src/admin/index.ts'
import {
  ChardError,
  type ChartSpan,
  type Charts,
  createChard,
  type EnqueueOptions,
  isFinal,
  type JobRecord,
  type Task,
  type TaskOptions,
} from '../../src/engine/index.ts'
import { countsOf, fakeControl } from './fake-control.ts'

export type FakeChard = AdminEngine &
  JobReader & {
    /** Every call, as `verb id argument`. */
    readonly calls: string[]
  }

export interface Script {
  readonly jobs?: readonly JobRecord[]
  /** What `watch` yields, call by call; when it runs out, the job as it is. An error is thrown. */
  readonly watched?: readonly (readonly (JobRecord | Error)[])[]
  /** Thrown by every verb. */
  readonly failsWith?: unknown
  readonly missing?: readonly number[]
  /** What the task draw-avatar lets operators see. */
  readonly visible?: TaskOptions<typeof avatarInput, unknown>['visible']
  readonly cursor?: string
}

export function fakeChard({
  jobs = [],
  watched = [],
  failsWith,
  missing = [],
  cursor,
  visible,
}: Script = {}): FakeChard {
  const calls: string[] = []
  const watches = [...watched]
  const find = (verb: string, id: string, ...rest: unknown[]) => {
    calls.push([verb, id, ...rest].join(' '))
    if (failsWith !== undefined) throw failsWith
    if (!/^\d+-\w+$/.test(id)) throw new ChardError('invalid-id', `${id} is not the id of a job`)
    if (id.startsWith('9-')) throw new ChardError('gone', `job ${id} is older than jobs are kept`)
    const job = jobs.find((job) => job.id === id)
    if (!job) throw new ChardError('unknown-job', `there is no job ${id}`)
    return job
  }
  const tasks = fakeTasks(visible, (input, options) => {
    calls.push(`enqueue ${JSON.stringify(input)} ${JSON.stringify(options)}`)
    if (failsWith !== undefined) throw failsWith
    const known = jobs.find(({ idempotencyKey: key }) => key !== undefined && key === options.idempotencyKey)
    return { record: known ?? jobRecord({ state: 'queued', attempt: 0, input }), duplicate: known !== undefined }
  })
  const control = fakeControl(calls, { jobs, failsWith, missing })
  return {
    calls,
    ...control,
    tasks: { ...control.tasks, served: () => tasks },
    jobs: {
      ...control.jobs,
      get: async (id) => find('get', id),
      wait: async (id, timeout) => find('wait', id, timeout),
      async *watch(id, timeout) {
        const job = find('watch', id, timeout)
        for (const item of watches.shift() ?? [job]) {
          if (item instanceof Error) throw item
          yield item
        }
      },
      async list(query = {}) {
        calls.push(`list ${JSON.stringify(query)}`)
        if (failsWith !== undefined) throw failsWith
        return { jobs, missing, ...(cursor && { cursor }) }
      },
      async cancel(id) {
        const job = find('cancel', id)
        if (isFinal(job.state)) throw new ChardError('wrong-state', `job ${id} is already ${job.state}`)
        return { ...job, state: 'cancelled' }
      },
      async redrive(id, options) {
        const job = options ? find('redrive', id, JSON.stringify(options)) : find('redrive', id)
        if (!isFinal(job.state)) throw new ChardError('wrong-state', `job ${id} is ${job.state}, which is not final`)
        return { ...job, ...options, state: 'queued', attempt: 0 }
      },
    },
    async halt(on) {
      calls.push(`halt ${on}`)
      if (failsWith !== undefined) throw failsWith
      return { missing }
    },
    stats: {
      async charts({ span }) {
        calls.push(`charts ${span}`)
        if (failsWith !== undefined) throw failsWith
        return chartsOf(span, missing)
      },
      async metrics() {
        calls.push('metrics')
        if (failsWith !== undefined) throw failsWith
        return { shards: [{ ...shard, counters: [] }], missing }
      },
      async overview() {
        calls.push('overview')
        if (failsWith !== undefined) throw failsWith
        const states = countsOf({})
        for (const { state } of jobs) states[state] += 1
        return { states, shards: [shard], missing }
      },
    },
  }
}

const avatarInput = z.object({ userId: z.number().int() })

type Recorded = { readonly record: JobRecord; readonly duplicate: boolean }

/** Real definitions, so that options have their real meaning. Only recording is faked. */
function fakeTasks(
  visible: Script['visible'],
  enqueue: (input: unknown, options: EnqueueOptions) => Recorded,
): Map<string, Task<unknown, unknown>> {
  const task = createChard().task({
    name: 'draw-avatar',
    input: avatarInput,
    run: () => {},
    ...(visible !== undefined && { visible }),
  })
  const pretended = {
    ...task,
    async enqueue(input: unknown, options: EnqueueOptions = {}) {
      const { success, data } = avatarInput.safeParse(input)
      const issues = [{ path: 'userId', message: 'is no number' }]
      if (!success) throw new ChardError('invalid-input', 'input does not fit', { issues })
      const { record, duplicate } = enqueue(data, options)
      return { id: record.id, task: 'draw-avatar', state: record.state, duplicate, get: async () => record }
    },
  }
  return new Map([[task.name, pretended as unknown as Task<unknown, unknown>]])
}

/** A shard whose job has waited since noon. */
const shard = {
  shard: 1,
  states: countsOf({ queued: 1 }),
  oldestReadyAt: Date.parse('2026-11-22T12:00:00.000Z'),
  runners: 0,
  wakeUps: { unanswered: 1, resent: 4 },
  alarmAt: Date.parse('2026-11-22T12:00:08.000Z'),
  tasks: {},
  settings: 0,
  bytes: 4_096,
}

function chartsOf(span: ChartSpan, missing: readonly number[]): Charts {
  const chart = { enqueued: [2, 1], completed: [1, 1], failed: [0, 1], expired: [0, 0] }
  const tasks = { 'draw-avatar': { ...chart, queueMs: [[0, 2], []], runMs: [[1], [0, 0, 2]] } }
  return { span, stepSeconds: 60, from: start, to: start + 120_000, bucketEndsMs: [10, 50], tasks, missing }
}

const start = Date.parse('2026-11-22T12:00:00.000Z')

export function jobRecord(fields: Partial<JobRecord> = {}): JobRecord {
  return {
    id: '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC',
    task: 'draw-avatar',
    state: 'running',
    attempt: 1,
    maxAttempts: 5,
    priority: 0,
    tags: [],
    createdAt: start,
    startedAt: start + 1_000,
    input: { userId: 123 },
    history: [],
    ...fields,
  }
}

export function completedJob(fields: Partial<JobRecord> = {}): JobRecord {
  return jobRecord({ state: 'completed', finishedAt: start + 2_000, output: { key: 'avatars/123' }, ...fields })
}
