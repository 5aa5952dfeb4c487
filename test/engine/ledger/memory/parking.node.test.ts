import { describe, expect, test } from 'vitest'
import type { Claimed } from '../../../../src/engine/ledger/protocol/sync.ts'
import { checkedLimits, type TaskLimits } from '../../../../src/engine/task/limits.ts'
import { nodeSql } from '../../../../src/testing/node-database.ts'
import { completed, failed, heartbeatOf, leaseMs, minuteMs, Rig, settlementOf, snoozed, withAlarm } from '../rig.ts'

/** A ledger with jobs of one partition, of a task that limits each partition. */
function limited(perPartition: TaskLimits['perPartition'], jobs: number): Rig {
  const sql = nodeSql()
  const limits = checkedLimits({ perPartition: perPartition ?? {} }, 'send')
  const rig = new Rig({ ...withAlarm(sql), rowsWritten: sql.rowsWritten }, { policies: { send: { limits } } })
  for (let n = 0; n < jobs; n++) rig.enqueue({ partition: 'p' })
  return rig
}

type End = [how: string, end: (rig: Rig, claimed: Claimed) => void]

/** Every way in which the slot of a running job is freed without a claim. */
const ends: End[] = [
  [
    'the runner settles the job and leaves',
    (rig, { id, lease }) => rig.settle({ id, lease }, completed, { done: true }),
  ],
  ['the runner settles the job and wants no other', (rig, { id, lease }) => rig.settle({ id, lease }, completed)],
  ['the job fails', (rig, { id, lease }) => rig.settle({ id, lease }, failed, { done: true })],
  ['the job snoozes', (rig, { id, lease }) => rig.settle({ id, lease }, snoozed, { done: true })],
  ['the runner gives the job back', (rig) => rig.sync({ seq: 2, ack: 1, done: true })],
  [
    'the lease of the job lapses',
    (rig) => {
      rig.pass(leaseMs)
      rig.ring()
    },
  ],
]

describe('a partition without a free slot', () => {
  test.each(ends)('starts its next job once %s', (_, end) => {
    const rig = limited({ concurrency: 1 }, 3)
    const claimed = rig.claim()
    expect(rig.sync({ runner: 'r2', want: 5, done: false }).claimed).toEqual([])
    expect(rig.core.parkAndCount(rig.now)).toBe(0)
    end(rig, claimed)
    expect(rig.core.parkAndCount(rig.now)).toBe(1)
    expect(rig.sync({ runner: 'r3', want: 5 }).claimed).toHaveLength(1)
    expect(rig.broken()).toEqual([])
  })

  test('has an alarm in time when a slot is freed and not filled', () => {
    const rig = limited({ concurrency: 2 }, 3)
    const [a] = rig.sync({ want: 2 }).claimed as [Claimed, Claimed]
    rig.pass(minuteMs / 4)
    rig.ring()
    expect(rig.alarmAt).toBeGreaterThan(rig.now + 5_000)
    rig.sync({ seq: 2, ack: 0, settle: [settlementOf(a, completed)] })
    expect(rig.alarmAt).toBe(rig.now + 500)
    expect(rig.broken()).toEqual([])
  })

  test('needs no other alarm when a freed slot is filled at once or no job waits for it', () => {
    const rig = limited({ concurrency: 2 }, 3)
    const [a, b] = rig.sync({ want: 2 }).claimed as [Claimed, Claimed]
    rig.pass(minuteMs / 4)
    rig.ring()
    const armed = rig.alarmAt
    const next = rig.sync({
      seq: 2,
      ack: 1,
      settle: [settlementOf(a, completed)],
      heartbeats: [heartbeatOf(b)],
      want: 1,
    })
    expect(next.claimed).toHaveLength(1)
    rig.sync({ seq: 3, ack: 2, settle: [settlementOf(b, completed)], heartbeats: next.claimed.map(heartbeatOf) })
    expect(rig.alarmAt).toBe(armed)
  })

  test('starts its next job in the sync that ends an attempt', () => {
    const rig = limited({ concurrency: 1 }, 3)
    const { id, lease } = rig.claim()
    const { claimed } = rig.sync({ seq: 2, ack: 1, settle: [settlementOf({ id, lease }, completed)], want: 5 })
    expect(claimed).toHaveLength(1)
  })
})

describe('a partition whose rate limit is used up', () => {
  test('starts its next job at the reset, and the claim that used it up learns of no earlier time', () => {
    const rig = limited({ rateLimit: { limit: 2, per: '5s' } }, 3)
    const reply = rig.sync({ want: 5 })
    expect([reply.claimed.length, reply.againInMs]).toEqual([2, 5_000])
    expect(rig.core.limitCheckAt(rig.now)).toBeGreaterThanOrEqual(rig.now + 5_000)
    rig.pass(4_999)
    expect(rig.sync({ runner: 'r2', want: 5 }).claimed).toEqual([])
    rig.pass(1)
    expect(rig.sync({ runner: 'r3', want: 5 }).claimed).toHaveLength(1)
  })

  test('has an alarm at the reset when no runner has said that it comes back', () => {
    const rig = limited({ rateLimit: { limit: 1, per: '1m' } }, 2)
    const { id, lease } = rig.claim()
    rig.settle({ id, lease }, completed, { done: true })
    expect(rig.core.limitCheckAt(rig.now)).toBe(rig.now + minuteMs)
    expect(rig.alarmAt).toBeLessThanOrEqual(rig.now + minuteMs)
  })
})
