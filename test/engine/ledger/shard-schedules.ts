/** Schedules as the code of a deployment declares them, on the shard of these tests. */
import type { ShardSchedule } from '../../../src/engine/ledger/memory/schedule-index.ts'
import { defineTask } from '../../../src/engine/task/define-task.ts'
import { defineSchedule, type ScheduleOptions } from '../../../src/engine/task/schedule.ts'
import { completed, type Rig, settlementOf, shard } from './rig.ts'

const anything = { '~standard': { version: 1, vendor: 'tests', validate: (value: unknown) => ({ value }) } } as const

export interface ShardScheduleOptions extends Partial<Omit<ScheduleOptions<unknown>, 'task'>> {
  readonly task?: string
  readonly partition?: string
}

/** A schedule named `tick` of task `send`, every minute unless said otherwise. */
export function shardSchedule({ task = 'send', partition = '', ...options }: ShardScheduleOptions = {}): ShardSchedule {
  const neverCalled = () => Promise.reject(new Error('these tests do not call it'))
  const { definition } = defineTask(
    { name: task, input: anything, run: () => {} },
    { background: neverCalled, enqueue: neverCalled },
  )
  const rule = options.cron === undefined ? { every: '1m' as const } : {}
  const schedule = defineSchedule({
    name: 'tick',
    input: 1,
    ...rule,
    ...options,
    task: { name: task, definition } as never,
  })
  return { ...schedule, shard, partition }
}

/** Runs and completes every job that could start now. */
export function workOff(rig: Rig): void {
  const runner = `worker${rig.now}`
  for (let seq = 1, settle: ReturnType<typeof settlementOf>[] = []; seq === 1 || settle.length > 0; seq++)
    settle = rig.sync({ runner, seq, settle, want: 50 }).claimed.map((job) => settlementOf(job, completed))
}

/** The slots of all jobs, in the order in which the jobs were made. */
export function slotsOf(rig: Rig): number[] {
  return rig
    .rows()
    .filter(({ slot }) => slot !== null)
    .sort((a, b) => a.createdAt - b.createdAt || (a.slot ?? 0) - (b.slot ?? 0))
    .map(({ slot }) => slot as number)
}

/** The history of schedule `tick`, oldest first, without ids. */
export function historyOf(rig: Rig) {
  const [record] = rig.run('schedules')
  return (record?.history ?? []).toReversed().map(({ job, at: _, ...rest }) => ({ ...rest, made: job !== undefined }))
}
