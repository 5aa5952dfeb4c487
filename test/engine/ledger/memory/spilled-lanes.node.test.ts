/** A ledger that restarts with a long backlog: it reads a part of it, and behaves as if it had read all of it. */
import { describe, expect, test } from 'vitest'
import { nodeSql } from '../../../../src/testing/node-database.ts'
import { Fleet } from '../fleet.ts'
import { Rig, withAlarm } from '../rig.ts'

/** Ten times what a lane keeps in memory. */
const backlog = 10_000

function restarted(more: readonly object[] = []): { rig: Rig; fleet: Fleet } {
  const sql = nodeSql()
  const rig = new Rig({ ...withAlarm(sql), rowsWritten: sql.rowsWritten })
  for (let made = 0; made < backlog; made += 1_000) {
    rig.enqueueAll(Array.from({ length: 1_000 }, () => rig.job({ task: 'send' })))
    rig.pass(1)
  }
  rig.enqueueAll(more.map((one) => rig.job(one)))
  rig.restart()
  return { rig, fleet: new Fleet(rig, ['send', 'draw']) }
}

describe('a ledger that restarts with a long backlog', () => {
  test('has a part of the backlog in memory, and counts all of it', () => {
    const { rig } = restarted([{ task: 'draw' }])
    const { ready, counts } = rig.core.memory
    expect(ready.size).toBeLessThan(backlog / 2)
    expect(counts.total().queued).toBe(backlog + 1)
    expect(counts.byTask()['draw']?.queued).toBe(1)
  })

  test('starts every job of the backlog once, in the order of arrival', () => {
    const { rig, fleet } = restarted()
    for (let sync = 0; fleet.begun.length < backlog && sync < 30; sync++) fleet.sync('r', 500)
    fleet.sync('r', 0)
    const ids = fleet.begun.map(({ id }) => id)
    expect(new Set(ids).size).toBe(backlog)
    expect(ids).toEqual([...ids].sort())
    expect(rig.core.memory.counts.total()).toMatchObject({ queued: 0, completed: backlog })
  })

  test.each([
    { job: { task: 'draw' }, because: 'tasks take turns' },
    { job: { task: 'send', priority: 3 }, because: 'it has a higher priority' },
    { job: { task: 'send', partition: 'a' }, because: 'partitions take turns' },
  ])('gives the newest job, $job, to the first claim, because $because', ({ job }) => {
    const { fleet } = restarted([job])
    const { claimed } = fleet.sync('r', 10)
    expect(claimed.some(({ task, priority, partition }) => `${task}${priority}${partition}` !== 'send0undefined')).toBe(
      true,
    )
  })

  test('fails a job of the backlog whose deadline has passed', () => {
    const { rig } = restarted([{ task: 'send', expiresInMs: 5_000 }])
    rig.passRinging(6_000)
    expect(rig.core.memory.counts.total().failed).toBe(1)
  })

  test('leaves a job that is added to a spilled lane on disk, and counts it', () => {
    const { rig } = restarted()
    const { size } = rig.core.memory.ready
    rig.enqueue({ task: 'send' })
    expect(rig.core.memory.ready.size).toBe(size)
    expect(rig.core.memory.counts.total().queued).toBe(backlog + 1)
  })

  test('starts the jobs of a task behind the backlog of a paused one', () => {
    const { rig, fleet } = restarted(Array.from({ length: 3_000 }, () => ({ task: 'draw' })))
    rig.run('change', { kind: 'pause', task: 'send' })
    for (let sync = 0; fleet.begun.length < 3_000 && sync < 20; sync++) fleet.sync('r', 500)
    expect(fleet.begun.every(({ task }) => task === 'draw')).toBe(true)
    expect(fleet.begun).toHaveLength(3_000)
  })
})
