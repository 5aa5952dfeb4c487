/** The verbs over a whole deployment, faked: every call is recorded, and answered as an engine would. */
import type { AdminEngine } from '../../src/admin/index.ts'
import {
  ChardError,
  type Job,
  type JobRecord,
  type JobState,
  jobStates,
  type ScheduleRecord,
} from '../../src/engine/index.ts'

export interface ControlScript {
  readonly jobs?: readonly JobRecord[]
  readonly failsWith?: unknown
  readonly missing?: readonly number[]
}

/** The verbs that are faked here; the rest are in fake-chard.ts. */
interface Faked extends Pick<AdminEngine, 'schedules' | 'pause' | 'resume' | 'drain' | 'settings'> {
  readonly jobs: Pick<AdminEngine['jobs'], 'update' | 'cancelMany' | 'redriveMany' | 'bulk'>
  readonly tasks: Omit<AdminEngine['tasks'], 'served'>
}

export function fakeControl(calls: string[], { jobs = [], failsWith, missing = [] }: ControlScript = {}): Faked {
  const called = <T>(verb: string, args: readonly unknown[], answer: T): T => {
    calls.push([verb, ...args.map((arg) => JSON.stringify(arg))].join(' '))
    if (failsWith !== undefined) throw failsWith
    return answer
  }
  const schedule = (verb: string, name: string) => {
    const found = called(
      verb,
      [name],
      [nightly, forgotten].find((one) => one.name === name),
    )
    if (!found) throw new ChardError('unknown-schedule', `there is no schedule ${name}`)
    return found
  }
  const settings = {
    version: 3,
    paused: false,
    draining: false,
    tasks: { 'draw-avatar': { paused: true as const, limits: { concurrency: 2 } } },
  }
  return {
    schedules: {
      list: async () => called('schedules', [], { schedules: [nightly, forgotten], missing }),
      get: async (name) => schedule('schedule', name),
      pause: async (name) => ({ ...schedule('pause-schedule', name), state: 'paused' }),
      resume: async (name) => schedule('resume-schedule', name),
      async trigger(name, options) {
        schedule('trigger', name)
        const duplicate = options?.idempotencyKey === 'known'
        return { id: '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC', task: nightly.task, state: 'queued', duplicate } as Job
      },
    },
    pause: async () => called('pause', [], { settings, missing }),
    resume: async () => called('resume', [], { settings, missing }),
    drain: async () => called('drain', [], { settings, missing, left: 7 }),
    settings: async () => called('settings', [], settings),
    tasks: {
      list: async () => called('tasks', [], { tasks: [task], missing }),
      pause: async (...args) => called('pause', args, { settings, missing }),
      resume: async (...args) => called('resume', args, { settings, missing }),
      drain: async (...args) => called('drain', args, { settings, missing, left: 7 }),
      setLimits: async (...args) => called('setLimits', args, { settings, missing }),
    },
    jobs: {
      async update(id, changes) {
        const job = called(
          'update',
          [id, changes],
          jobs.find((job) => job.id === id),
        )
        if (!job) throw new ChardError('unknown-job', `there is no job ${id}`)
        return { ...job, ...(changes.priority !== undefined && { priority: changes.priority }) }
      },
      cancelMany: async (...args) => called('cancelMany', args, { ...progress, action: 'cancel' as const, missing }),
      redriveMany: async (...args) => called('redriveMany', args, { ...progress, missing }),
      async bulk(id) {
        const found = called('bulk', [id], id === progress.id)
        if (!found) throw new ChardError('unknown-bulk', `there is no bulk action ${id}`)
        return { ...progress, missing }
      },
    },
  }
}

const noon = Date.parse('2026-11-22T12:00:00.000Z')

const nightly: ScheduleRecord = {
  name: 'nightly',
  task: 'draw-avatar',
  shard: 2,
  rule: { cron: '0 3 * * *', timezone: 'Europe/Berlin' },
  catchUp: 'latest',
  overlap: 'skip',
  jitterMs: 0,
  state: 'active',
  nextAt: noon,
  next: [noon, noon + 86_400_000],
  history: [
    { slot: noon - 86_400_000, at: noon - 86_399_000, job: '3-01JD9ZXW4T5RJ7QK8M2N6P0VBC' },
    { slot: noon - 172_800_000, at: noon - 172_799_000, skipped: 'missed', count: 3 },
  ],
}

/** A schedule that the code no longer defines. */
const forgotten: ScheduleRecord = {
  name: 'forgotten',
  task: 'gone',
  shard: 3,
  state: 'stopped',
  stopped: 'removed',
  next: [],
  history: [],
}

const task = {
  name: 'draw-avatar',
  served: true,
  policy: { maxAttempts: 5, timeoutMs: 120_000 },
  limits: { code: { concurrency: 4 }, now: { concurrency: 2 } },
  paused: true,
  draining: false,
  counts: countsOf({ queued: 3, running: 1, completed: 9, failed: 1 }),
}

const progress = { id: 'b1', action: 'redrive' as const, state: 'running' as const, looked: 200, changed: 150 }

type StateCounts = Record<JobState, number>

/** Counts by state: those that are given, and 0 of the others. */
export function countsOf(given: Partial<StateCounts>): StateCounts {
  return { ...(Object.fromEntries(jobStates.map((state) => [state, 0])) as StateCounts), ...given }
}
