/** What a key does over time: debounce, throttle, and followers, which wait for the end of another job. */
import { describe, expect, test } from 'vitest'
import type { Enqueued, NewJob } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import {
  cancelled,
  completed,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  minuteMs,
  type Rig,
  rejected,
  riggedBy,
  snoozed,
  type WithStore,
} from '../rig.ts'

const debounce = { kind: 'debounce', ms: 5_000, maxWaitMs: 20_000 } as const
const throttle = { kind: 'throttle', ms: minuteMs } as const
const rerun = { kind: 'rerun' } as const

export function followSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)
  const call = (rig: Rig, n: number, more: Partial<NewJob>): NewJob =>
    rig.job({ key: 'k', input: JSON.stringify(n), ...more })
  const one = (rig: Rig, job: NewJob) => rig.enqueueAll([job])[0] as Exclude<Enqueued, { refused: string }>

  describe('debounce', () => {
    test.each<{ calls: number[]; maxWaitMs?: number; startsAt: number; because: string }>([
      { calls: [0], startsAt: 5_000, because: 'calls are quiet for five seconds' },
      { calls: [0, 3_000, 6_000], startsAt: 11_000, because: 'each call postpones the start' },
      { calls: [0, 4_000, 8_000], maxWaitMs: 10_000, startsAt: 10_000, because: 'maxWait counts from the first call' },
      { calls: [0, 4_999], startsAt: 9_999, because: 'the quiet time takes all five seconds' },
    ])('of calls at $calls ms starts the job at $startsAt ms, because $because', ({ calls, maxWaitMs, startsAt }) =>
      rigged((rig) => {
        const begunAt = rig.now
        const unique = { kind: 'debounce', ms: 5_000, ...(maxWaitMs && { maxWaitMs }) } as const
        for (const [n, at] of calls.entries()) {
          rig.passRinging(begunAt + at - rig.now)
          one(rig, call(rig, n, { unique }))
          expect(rig.sync({ runner: `r${n}`, want: 1 }).claimed).toEqual([])
        }
        rig.restart()
        rig.passRinging(begunAt + startsAt - 1 - rig.now)
        expect(rig.sync({ runner: 'early', want: 1 }).claimed).toEqual([])
        rig.pass(1)
        rig.ring()
        expect(rig.claim({ runner: 'late' }).input).toBe(String(calls.length - 1))
        expect(rig.broken()).toEqual([])
      }),
    )
  })

  describe('throttle', () => {
    test('starts the first call at once and the calls within its window as one job when the window ends', () =>
      rigged((rig) => {
        const unique = throttle
        one(rig, call(rig, 1, { unique }))
        const begunAt = rig.now
        rig.settle(rig.claim(), completed)
        for (const n of [2, 3, 4]) {
          rig.pass(1_000)
          one(rig, call(rig, n, { unique }))
        }
        expect(rig.rows()).toHaveLength(2)
        rig.now = begunAt + minuteMs - 1
        expect(rig.sync({ runner: 'early', want: 1 }).claimed).toEqual([])
        rig.pass(1)
        expect(rig.claim({ runner: 'late' }).input).toBe('4')
      }))

    test.each<{ how: string; ends: (rig: Rig, id: string) => void }>([
      { how: 'cancelled', ends: (rig, id) => void rig.run('cancel', id) },
      {
        how: 'expired',
        ends: (rig) => {
          rig.pass(2_000)
          rig.ring()
        },
      },
    ])('keeps the window after a start even if the job of the next call was $how before it started', ({ ends }) =>
      rigged((rig) => {
        const unique = throttle
        one(rig, call(rig, 1, { unique }))
        const begunAt = rig.now
        const first = rig.claim()
        const second = one(rig, call(rig, 2, { unique, expiresInMs: 2_000 }))
        rig.settle(first, completed)
        ends(rig, second.id)
        const third = one(rig, call(rig, 3, { unique }))
        expect(rig.row(third.id)).toMatchObject({ state: 'scheduled', dueAt: begunAt + minuteMs })
        rig.run('cancel', third.id)
        const fourth = one(rig, call(rig, 4, { unique: { kind: 'throttle', ms: 2 * minuteMs } }))
        expect(rig.row(fourth.id).dueAt).toBe(begunAt + 2 * minuteMs)
        expect(rig.broken()).toEqual([])
      }),
    )
  })

  describe('a follower', () => {
    /** Ways in which the running job before it can end. */
    const waysToEnd: Record<string, (rig: Rig, claimed: { id: string; lease: string }) => void> = {
      completed: (rig, claimed) => rig.settle(claimed, completed),
      'failed exhausted': (rig, claimed) => rig.settle(claimed, failed),
      'failed rejected': (rig, claimed) => rig.settle(claimed, rejected),
      'failed crashed': (rig, claimed) => {
        rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(claimed)] })
        rig.pass(leaseMs)
        rig.ring()
      },
      'failed expired': (rig) => {
        rig.sync({ seq: 2, ack: 1 })
        rig.pass(5_000)
        rig.ring()
      },
      cancelled: (rig, claimed) => {
        rig.run('cancel', claimed.id)
        rig.settle(claimed, cancelled)
      },
      'cancelled while it waited': (rig, claimed) => {
        rig.settle(claimed, snoozed)
        expect(rig.sync({ runner: 'r5', want: 9 }).claimed).toEqual([])
        rig.run('cancel', claimed.id)
      },
    }

    test.each(Object.keys(waysToEnd))('starts when the job before it has ended as %s', (how) =>
      rigged((rig) => {
        const { id } = one(rig, call(rig, 1, { unique: rerun, maxAttempts: 1, expiresInMs: 5_000 }))
        const running = rig.claim()
        const { id: next } = one(rig, call(rig, 2, { unique: rerun }))
        expect(rig.sync({ runner: 'r2', want: 9 }).claimed).toEqual([])
        waysToEnd[how]?.(rig, running)
        expect(rig.state(id)).toBe(how.replace(/ while.*/, ''))
        expect(rig.row(next)).toMatchObject({ after: null, notBefore: null })
        expect(rig.broken()).toEqual([])
        expect(rig.claim({ runner: 'r3' })).toMatchObject({ id: next, input: '2' })
        expect(rig.broken()).toEqual([])
      }),
    )

    test.each([
      { what: 'is retried', ends: (rig: Rig, claimed: never) => rig.settle(claimed, failed) },
      { what: 'is snoozed', ends: (rig: Rig, claimed: never) => rig.settle(claimed, snoozed) },
    ])('keeps waiting while the job before it $what', ({ ends }) =>
      rigged((rig) => {
        one(rig, call(rig, 1, { unique: rerun }))
        const running = rig.claim()
        const { id } = one(rig, call(rig, 2, { unique: rerun }))
        ends(rig, running as never)
        rig.passRinging(minuteMs)
        const again = rig.sync({ runner: 'r2', want: 9 }).claimed
        expect(again.map(({ input }) => input)).toEqual(['1'])
        expect(rig.row(id).after).toBe(running.id)
      }),
    )

    test.each([
      { what: 'was not notified', forget: "UPDATE jobs SET successor = NULL WHERE input = '1'", endsFirst: true },
      { what: 'cannot find the job before it', forget: "DELETE FROM jobs WHERE input = '1'", endsFirst: false },
    ])('that $what starts when the ledger checks it after fifteen minutes', ({ forget, endsFirst }) =>
      rigged((rig) => {
        one(rig, call(rig, 1, { unique: rerun }))
        const running = rig.claim()
        const { id } = one(rig, call(rig, 2, { unique: rerun }))
        rig.sql.all(forget)
        // Memory has not seen that statement.
        rig.restart()
        if (endsFirst) rig.settle(running, completed)
        rig.restart()
        rig.passRinging(14 * minuteMs)
        expect(rig.sync({ runner: 'r2', want: 9 }).claimed).toEqual([])
        rig.passRinging(minuteMs)
        expect(rig.claim({ runner: 'r3' })).toMatchObject({ id })
      }),
    )

    test('is checked again later while the job before it has not ended, and the alarm does not ring in a loop', () =>
      rigged((rig) => {
        one(rig, call(rig, 1, { unique: rerun }))
        const running = rig.claim()
        const { id } = one(rig, call(rig, 2, { unique: rerun }))
        rig.settle(running, { kind: 'snoozed', forMs: 10 * hourMs })
        let rings = 0
        for (let n = 0; n < 12; n++) {
          rings += rig.passRinging(15 * minuteMs)
          expect(rig.sync({ runner: `r${n}`, want: 9 }).claimed).toEqual([])
          expect(rig.broken()).toEqual([])
        }
        expect(rig.state(id)).toBe('scheduled')
        expect(rings).toBeLessThan(12 * 4)
      }))

    test('that comes after a cancelled follower waits for the job that still runs', () =>
      rigged((rig) => {
        one(rig, call(rig, 1, { unique: rerun }))
        const running = rig.claim()
        const second = one(rig, call(rig, 2, { unique: rerun }))
        rig.run('cancel', second.id)
        const third = one(rig, call(rig, 3, { unique: rerun }))
        expect(rig.row(third.id).after).toBe(running.id)
        expect(rig.sync({ runner: 'r2', want: 9 }).claimed).toEqual([])
        rig.settle(running, completed)
        expect(rig.claim({ runner: 'r3' }).input).toBe('3')
        expect(rig.broken()).toEqual([])
      }))

    test('that is due later than the end of the job before it keeps its own time', () =>
      rigged((rig) => {
        one(rig, call(rig, 1, { unique: debounce }))
        rig.pass(5_000)
        const running = rig.claim()
        const { id } = one(rig, call(rig, 2, { unique: debounce }))
        const dueAt = rig.now + 5_000
        rig.pass(1_000)
        rig.settle(running, completed)
        expect(rig.row(id)).toMatchObject({ state: 'scheduled', dueAt, after: null })
        rig.pass(3_999)
        expect(rig.sync({ runner: 'r2', want: 9 }).claimed).toEqual([])
        rig.pass(1)
        expect(rig.claim({ runner: 'r3' })).toMatchObject({ id })
      }))
  })
}
