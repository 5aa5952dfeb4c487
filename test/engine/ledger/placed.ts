/** Schedules as the code of a deployment has them, placed on the shard of these tests. */
import type { ShardSchedule } from '../../../src/engine/ledger/memory/schedule-index.ts'
import { defineTask } from '../../../src/engine/task/define-task.ts'
import { defineSchedule, type ScheduleOptions } from '../../../src/engine/task/schedule.ts'
import { completed, type Rig, settlementOf, shard } from './rig.ts'

const anything = { '~standard': { version: 1, vendor: 'tests', validate: (value: unknown) => ({ value }) } } as const

export interface Placing extends Partial<Omit<ScheduleOptions<unknown>, 'task'>> {
  readonly task?: string
  readonly partition?: string
}

/** A schedule named `tick` of task `send`, every minute unless said otherwise. */
export function placed({ task = 'send', partition = '', ...options }: Placing = {}): ShardSchedule {
  const nobody = () => Promise.reject(new Error('nobody runs it'))
  const { definition } = defineTask(
    { name: task, input: anything, run: () => {} },
    { background: nobody, enqueue: nobody },
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

/** Every job that could start now runs and completes. */
export function workOff(rig: Rig): void {
  const runner = `worker${rig.now}`
  for (let seq = 1, settle: ReturnType<typeof settlementOf>[] = []; seq === 1 || settle.length > 0; seq++)
    settle = rig.sync({ runner, seq, settle, want: 50 }).claimed.map((job) => settlementOf(job, completed))
}

/** The slots of the jobs there are, in the order in which they were made. */
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
