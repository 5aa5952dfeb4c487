/** Minute stats: when they are written, what charts show of them, and that nothing is counted twice. */
import { describe, expect, test } from 'vitest'
import { bucketEndsMs, errorNamesMax } from '../../../../src/engine/ledger/domain/stats.ts'
import type { Claimed } from '../../../../src/engine/ledger/protocol/sync.ts'
import { completed, failed, heartbeatOf, minuteMs, type Rig, riggedBy, settlementOf, type WithStore } from '../rig.ts'

export function minuteStatsSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)
  const minutesOf = (rig: Rig) =>
    rig.sql.all<{ task: string; minute: number }>('SELECT task, minute FROM minute_stats ORDER BY minute, task')
  const minuteOf = (rig: Rig) => Math.floor(rig.now / minuteMs)
  const hour = (rig: Rig) => ({ fromMinute: minuteOf(rig) - 59, stepMinutes: 1, steps: 60 })
  const sum = (numbers: readonly number[] | undefined) => numbers?.reduce((a, b) => a + b, 0)

  describe('charts', () => {
    test('show stats that are not written yet', () =>
      rigged((rig) => {
        rig.enqueueAll([rig.job(), rig.job()])
        rig.pass(300)
        rig.claim()
        const [chart] = rig.run('charts', hour(rig)).tasks
        expect(minutesOf(rig)).toEqual([])
        expect([chart?.enqueued.at(-1), sum(chart?.enqueued), chart?.enqueued.length]).toEqual([2, 2, 60])
        // 300 ms are in the bucket that ends at 500.
        expect(chart?.queueMs.at(-1)?.[bucketEndsMs.indexOf(500)]).toBe(1)
      }))

    test('add minutes up to steps and leave out those before and after', () =>
      rigged((rig) => {
        for (let n = 0; n < 40; n++) {
          rig.enqueue()
          rig.settle(rig.claim({ runner: `r${n}` }), n % 4 === 0 ? failed : completed)
          rig.pass(minuteMs)
        }
        const fromMinute = minuteOf(rig) - 40
        const [chart] = rig.run('charts', { fromMinute: fromMinute + 5, stepMinutes: 15, steps: 2 }).tasks
        expect(chart?.enqueued).toEqual([15, 15])
        expect(sum(chart?.completed)).toBeGreaterThan(15)
        expect(rig.run('charts', { fromMinute: fromMinute - 500, stepMinutes: 15, steps: 2 }).tasks).toEqual([])
      }))

    test('count failures by their reason', () =>
      rigged((rig) => {
        rig.enqueue({ maxAttempts: 1 })
        rig.settle(rig.claim(), failed)
        rig.enqueue({ expiresInMs: 1_000 })
        rig.pass(2_000)
        rig.ring()
        const [chart] = rig.run('charts', hour(rig)).tasks
        expect([sum(chart?.failed), sum(chart?.expired), sum(chart?.completed)]).toEqual([1, 1, 0])
        rig.pass(minuteMs)
        rig.ring()
        rig.enqueue()
        expect(rig.counters()).toMatchObject([
          {
            counters: { ended: { failed: 1, expired: 1 }, failed: { exhausted: 1, expired: 1 }, errors: { Error: 1 } },
          },
        ])
      }))
  })

  describe('minute stats', () => {
    test('that are a minute old are written once, with the next transaction', () =>
      rigged((rig) => {
        rig.enqueue()
        const held = rig.claim()
        for (let seq = 2; seq < 12; seq++) {
          rig.pass(20_000)
          rig.enqueue()
          rig.sync({ seq, heartbeats: [heartbeatOf(held)] })
        }
        const minutes = minutesOf(rig).map(({ minute }) => minute)
        // The runner never leaves, and only the newest minute is not written yet.
        expect(minutes.length).toBeGreaterThanOrEqual(2)
        expect(new Set(minutes).size).toBe(minutes.length)
        expect(sum(rig.run('charts', hour(rig)).tasks[0]?.enqueued)).toBe(11)
      }))

    test('are written when the last runner leaves, not when each runner does', () =>
      rigged((rig) => {
        rig.enqueueAll([rig.job(), rig.job()])
        const [first, second] = [rig.claim({ runner: 'a', want: 1 }), rig.claim({ runner: 'b', want: 1 })]
        rig.sync({ runner: 'a', seq: 2, settle: [settlementOf(first, completed)], done: true })
        expect(minutesOf(rig)).toEqual([])
        rig.sync({ runner: 'b', seq: 2, settle: [settlementOf(second, completed)], done: true })
        expect(minutesOf(rig)).toHaveLength(1)
        expect(rig.counters()).toMatchObject([{ counters: { enqueued: 2, ended: { completed: 2 } } }])
      }))

    test('of a transaction that fails are not counted', () =>
      rigged((rig) => {
        for (let nth = 1; nth < 12; nth++) {
          rig.failingIn = nth
          try {
            rig.enqueue()
          } catch {
            // A job that was not recorded was not enqueued.
          }
          rig.failingIn = undefined
        }
        expect(sum(rig.run('charts', hour(rig)).tasks[0]?.enqueued)).toBe(rig.rows().length)
      }))

    test('of a repeated sync are counted once', () =>
      rigged((rig) => {
        rig.enqueueAll([rig.job(), rig.job()])
        const [a, b] = rig.sync({ want: 2 }).claimed as [Claimed, Claimed]
        for (let times = 0; times < 3; times++)
          rig.sync({ seq: 2, settle: [settlementOf(a, completed)], heartbeats: [heartbeatOf(b)] })
        rig.sync({ seq: 3, settle: [settlementOf(a, completed), settlementOf(b, completed)] })
        expect(rig.counters()).toMatchObject([{ counters: { enqueued: 2, ended: { completed: 2 } } }])
      }))

    test('are added to the newest minute when the clock steps back', () =>
      rigged((rig) => {
        rig.enqueue()
        rig.settle(rig.claim(), completed)
        rig.pass(-5 * minuteMs)
        rig.enqueue()
        rig.pass(1)
        rig.settle(rig.claim({ runner: 'r2' }), completed)
        expect(minutesOf(rig)).toHaveLength(1)
        expect(rig.counters()).toMatchObject([{ counters: { enqueued: 2, ended: { completed: 2 } } }])
      }))
  })

  describe('counters', () => {
    test('of each task grow with every write, across restarts and pauses', () =>
      rigged((rig) => {
        for (let n = 1; n <= 5; n++) {
          rig.enqueueAll([rig.job(), rig.job({ task: 'draw' })])
          const { claimed } = rig.sync({ runner: `r${n}`, want: 2 })
          const settle = claimed.map((job) => settlementOf(job, completed))
          rig.sync({ runner: `r${n}`, seq: 2, settle })
          rig.restart()
          rig.pass(n * 30 * minuteMs)
          const counters = rig.counters()
          expect(counters.map(({ task }) => task)).toEqual(['draw', 'send'])
          for (const { counters: one } of counters)
            expect([one.enqueued, one.ended.completed, one.run.sumMs]).toEqual([n, n, 10 * n])
        }
      }))

    test('include nothing that a restart could take back', () =>
      rigged((rig) => {
        rig.enqueue()
        expect(rig.counters()).toEqual([])
      }))

    test('hold a bounded number of error names and count every error', () =>
      rigged((rig) => {
        const names = [...Array.from({ length: 40 }, (_, n) => `E${n}`), '__proto__', 'a b', 'x'.repeat(200)]
        for (const [n, name] of names.entries()) {
          rig.enqueue({ maxAttempts: 1 })
          rig.settle(rig.claim({ runner: `r${n}` }), { kind: 'failed', error: { name, message: '' } })
        }
        const errors = rig.counters()[0]?.counters.errors ?? {}
        expect(Object.keys(errors).length).toBeLessThanOrEqual(errorNamesMax + 1)
        expect(sum(Object.values(errors).map((n) => n ?? 0))).toBe(names.length)
        expect(errors['E0']).toBe(1)
      }))
  })
}
