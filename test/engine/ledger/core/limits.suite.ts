import { describe, expect, test } from 'vitest'
import type { NewJob } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import type { TaskLimits } from '../../../../src/engine/task/limits.ts'
import { Fleet } from '../fleet.ts'
import { completed, failed, heartbeatOf, leaseMs, limited, Rig, settlementOf, snoozed, type WithStore } from '../rig.ts'

export function limitsSuite(withStore: WithStore): void {
  /** A rig whose task `send` has these limits. */
  const rigged = (limits: TaskLimits, work: (rig: Rig, fleet: Fleet) => void) =>
    withStore((store) => {
      const rig = new Rig(store, { policies: { send: limited(limits) } })
      work(rig, new Fleet(rig, ['send']))
    })
  const many = (rig: Rig, count: number, more: Partial<NewJob> = {}) =>
    rig.enqueueAll(Array.from({ length: count }, () => rig.job(more)))

  describe('a rate limit', () => {
    test.each<{ limit: number; per: number; claims: [at: number, started: number][]; because: string }>([
      {
        limit: 3,
        per: 1_000,
        claims: [
          [0, 3],
          [0, 0],
          [999, 0],
          [1_000, 3],
        ],
        because: 'a start counts for exactly one window',
      },
      {
        limit: 3,
        per: 1_000,
        claims: [
          [500, 3],
          [1_000, 0],
          [1_499, 0],
          [1_500, 3],
        ],
        because: 'the window slides and does not begin with a second',
      },
      { limit: 1, per: 50, claims: [0, 50, 100, 150].map((at) => [at, 1]), because: 'one a window is evenly paced' },
      {
        limit: 1,
        per: 31 * 86_400_000,
        claims: [
          [0, 1],
          [30 * 86_400_000, 0],
          [31 * 86_400_000, 1],
        ],
        because: 'a window may be a month',
      },
    ])('of $limit in $per ms lets through $claims ([at, starts]), because $because', ({ limit, per, claims }) =>
      rigged({ rateLimit: { limit, per } }, (rig, fleet) => {
        many(rig, 20)
        const begunAt = rig.now
        for (const [at, started] of claims) {
          rig.now = begunAt + at
          expect(fleet.sync('r', 20).claimed, `at ${at}`).toHaveLength(started)
          expect(rig.broken()).toEqual([])
        }
      }),
    )

    test('counts starts and not jobs, so that retries and snoozed jobs count again', () =>
      rigged({ rateLimit: { limit: 2, per: 10_000 } }, (rig, fleet) => {
        many(rig, 2)
        fleet.sync('r', 1)
        fleet.sync('r', 1, 1, failed)
        fleet.sync('r', 0, 1, { kind: 'snoozed', forMs: 1_000 })
        rig.pass(1_000)
        expect(fleet.sync('r', 2).claimed).toEqual([])
        rig.pass(9_000)
        expect(fleet.sync('r', 2).claimed).toHaveLength(2)
      }))

    test('of a partition holds back that partition alone', () =>
      rigged({ perPartition: { rateLimit: { limit: 2, per: 1_000 } } }, (rig, fleet) => {
        many(rig, 3, { partition: 'a' })
        many(rig, 3, { partition: 'b' })
        many(rig, 3)
        const started = fleet.sync('r', 20).claimed.map(({ partition = 'none' }) => partition)
        expect(started.sort()).toEqual(['a', 'a', 'b', 'b', 'none', 'none', 'none'])
        expect(rig.broken()).toEqual([])
      }))

    test('of the whole task holds together with one of each partition', () =>
      rigged(
        { rateLimit: { limit: 3, per: 1_000 }, perPartition: { rateLimit: { limit: 2, per: 1_000 } } },
        (rig, fleet) => {
          many(rig, 3, { partition: 'a' })
          many(rig, 3, { partition: 'b' })
          expect(fleet.sync('r', 20).claimed).toHaveLength(3)
          rig.pass(1_000)
          expect(fleet.sync('r', 20).claimed).toHaveLength(3)
          expect(fleet.starts('send', 'a')).toHaveLength(3)
        },
      ))

    test('holds across restarts at any time', () =>
      rigged({ rateLimit: { limit: 2, per: 1_000 } }, (rig, fleet) => {
        many(rig, 10)
        for (let at = 0; at < 4_000; at += 250) {
          rig.restart()
          fleet.sync(`r${at}`, 10)
          rig.pass(250)
        }
        expect(fleet.starts('send').map((at) => (at - (fleet.starts('send')[0] ?? 0)) / 1_000)).toEqual([
          0, 0, 1, 1, 2, 2, 3, 3,
        ])
      }))

    test('does not count a claim whose transaction failed, at any of its statements', () =>
      rigged({ rateLimit: { limit: 2, per: 1_000 } }, (rig) => {
        many(rig, 4)
        for (let nth = 1; ; nth++) {
          rig.failFrom = nth
          try {
            expect(rig.sync({ want: 4 }).claimed).toHaveLength(2)
            break
          } catch (error) {
            expect(String(error)).toContain('disk I/O error')
          } finally {
            rig.failFrom = undefined
          }
          expect(rig.sql.all('SELECT * FROM limits')).toEqual([])
          expect(rig.broken()).toEqual([])
        }
      }))

    test('counts refunded claims, because nobody knows whether they started', () =>
      rigged({ rateLimit: { limit: 1, per: 60_000 } }, (rig) => {
        many(rig, 1)
        rig.claim()
        rig.sync({ seq: 2, ack: 1 })
        expect(rig.sync({ runner: 'r2', want: 1 }).claimed).toEqual([])
        rig.pass(60_000)
        expect(rig.sync({ runner: 'r3', want: 1 }).claimed).toHaveLength(1)
      }))

    test('lets nothing through early when the clock steps back', () =>
      rigged({ rateLimit: { limit: 1, per: 1_000 } }, (rig, fleet) => {
        many(rig, 3)
        fleet.sync('r', 3)
        rig.pass(-500)
        expect(fleet.sync('r', 3, 0).claimed).toEqual([])
        rig.pass(999)
        expect(fleet.sync('r', 3, 0).claimed).toEqual([])
      }))

    test('has its row removed once it counts no start any more', () =>
      rigged({ perPartition: { rateLimit: { limit: 1, per: 1_000 } } }, (rig, fleet) => {
        many(rig, 1, { partition: 'a' })
        many(rig, 1, { partition: 'b' })
        fleet.sync('r', 9)
        fleet.sync('r', 0)
        expect(rig.sql.all('SELECT * FROM limits')).toHaveLength(2)
        rig.passRinging(8 * 86_400_000)
        expect(rig.sql.all('SELECT * FROM limits')).toEqual([])
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('a concurrency limit', () => {
    test.each<{ limits: TaskLimits; started: Record<string, number>; because: string }>([
      { limits: { concurrency: 2 }, started: { all: 2 }, because: 'the task has two slots' },
      {
        limits: { perPartition: { concurrency: 2 } },
        started: { all: 9, a: 2, b: 2, none: 5 },
        because: 'each partition has two slots, and jobs without a partition are free',
      },
      {
        limits: { concurrency: 3, perPartition: { concurrency: 2 } },
        started: { all: 3 },
        because: 'the task has three slots in all',
      },
      {
        limits: { concurrency: 9, rateLimit: { limit: 4, per: 1_000 } },
        started: { all: 4 },
        because: 'the rate limit is narrower',
      },
    ])('of $limits lets $started run, because $because', ({ limits, started: { all, ...byPartition } }) =>
      rigged(limits, (rig, fleet) => {
        many(rig, 5, { partition: 'a' })
        many(rig, 5, { partition: 'b' })
        many(rig, 5)
        const claimed = ['r1', 'r2'].flatMap((runner) => [...fleet.sync(runner, 20).claimed])
        expect(claimed).toHaveLength(all ?? 0)
        for (const [name, count] of Object.entries(byPartition))
          expect(claimed.filter(({ partition = 'none' }) => partition === name)).toHaveLength(count)
        rig.restart()
        expect(fleet.sync('r3', 20).claimed).toEqual([])
        expect(rig.broken()).toEqual([])
      }),
    )

    /** Ways in which a slot becomes free. */
    const waysToFree: Record<string, (rig: Rig, claimed: { id: string; lease: string }) => void> = {
      'its job completes': (rig, claimed) => rig.settle(claimed, completed),
      'its job fails and is to be retried': (rig, claimed) => rig.settle(claimed, failed),
      'its job is snoozed': (rig, claimed) => rig.settle(claimed, snoozed),
      'its job ends with the last sync of its runner': (rig, claimed) => rig.settle(claimed, completed, { done: true }),
      'its claim is refunded': (rig) => rig.sync({ seq: 2, ack: 1 }),
      'its lease lapses': (rig, claimed) => {
        rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(claimed)] })
        rig.pass(leaseMs)
        rig.ring()
      },
      'its job is to be cancelled and its lease lapses': (rig, claimed) => {
        rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(claimed)] })
        rig.run('cancel', claimed.id)
        rig.pass(leaseMs)
        rig.ring()
      },
    }

    describe.each([
      { of: 'the task', limits: { concurrency: 1 } },
      { of: 'a partition', limits: { perPartition: { concurrency: 1 } } },
    ])('of $of', ({ limits }) => {
      test.each(Object.keys(waysToFree))('frees a slot once %s, even after a runner has found none', (how) =>
        rigged(limits, (rig) => {
          many(rig, 2, { partition: 'a' })
          const first = rig.claim()
          // The group has been found full, and its lane is parked.
          expect(rig.sync({ runner: 'r2', want: 1 }).claimed).toEqual([])
          expect(rig.broken()).toEqual([])
          waysToFree[how]?.(rig, first)
          expect(rig.broken()).toEqual([])
          expect(rig.core.parkAndCount(rig.now)).toBeGreaterThan(0)
          expect(rig.sync({ runner: 'r3', want: 1 }).claimed).toHaveLength(1)
          expect(rig.broken()).toEqual([])
        }),
      )

      test('lets one sync settle a job and fill its slot with a claim', () =>
        rigged(limits, (rig, fleet) => {
          many(rig, 3, { partition: 'a' })
          const ids = [1, 2, 3, 4].flatMap(() => fleet.sync('r', 1).claimed.map(({ id }) => id))
          expect(new Set(ids).size).toBe(3)
          expect(rig.broken()).toEqual([])
        }))

      test('frees the slot of a settlement that succeeds after its transaction has failed once', () =>
        rigged(limits, (rig) => {
          many(rig, 2, { partition: 'a' })
          const first = rig.claim()
          rig.sync({ runner: 'r2', want: 1 })
          rig.failFrom = 2
          expect(() => rig.sync({ seq: 2, ack: 1, settle: [settlementOf(first, completed)], want: 1 })).toThrow(
            'disk I/O error',
          )
          rig.failFrom = undefined
          expect(rig.broken()).toEqual([])
          expect(rig.settle(first, completed, { want: 1 }).claimed).toHaveLength(1)
          expect(rig.broken()).toEqual([])
        }))

      test('takes and frees no slot for a late success of a lapsed job', () =>
        rigged(limits, (rig) => {
          many(rig, 3, { partition: 'a' })
          const first = rig.claim()
          rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(first)] })
          rig.pass(leaseMs)
          rig.ring()
          rig.claim({ runner: 'r2', seq: 1 })
          rig.settle(first, completed, { seq: 3, want: 5 })
          expect(rig.core.memory.counts.total().running).toBe(1)
          expect(rig.broken()).toEqual([])
        }))
    })
  })
}
