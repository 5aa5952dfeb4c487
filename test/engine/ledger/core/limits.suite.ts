import { describe, expect, test } from 'vitest'
import type { NewJob } from '../../../../src/engine/ledger/protocol/protocol.ts'
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
    test.each<{ limit: number; per: number; asks: [at: number, started: number][]; because: string }>([
      {
        limit: 3,
        per: 1_000,
        asks: [
          [0, 3],
          [0, 0],
          [999, 0],
          [1_000, 3],
        ],
        because: 'a start counts for a whole window, and not a moment longer',
      },
      {
        limit: 3,
        per: 1_000,
        asks: [
          [500, 3],
          [1_000, 0],
          [1_499, 0],
          [1_500, 3],
        ],
        because: 'the window slides: none begins with the second',
      },
      { limit: 1, per: 50, asks: [0, 50, 100, 150].map((at) => [at, 1]), because: 'one a window is an even pace' },
      {
        limit: 1,
        per: 31 * 86_400_000,
        asks: [
          [0, 1],
          [30 * 86_400_000, 0],
          [31 * 86_400_000, 1],
        ],
        because: 'a month is a window too',
      },
    ])('of $limit a $per ms lets through $asks, because $because', ({ limit, per, asks }) =>
      rigged({ rateLimit: { limit, per } }, (rig, fleet) => {
        many(rig, 20)
        const begunAt = rig.now
        for (const [at, started] of asks) {
          rig.now = begunAt + at
          expect(fleet.sync('r', 20).claimed, `at ${at}`).toHaveLength(started)
          expect(rig.broken()).toEqual([])
        }
      }),
    )

    test('counts starts and not jobs: a retry and a job that was snoozed take their place in it', () =>
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

    test('of a partition holds that partition alone', () =>
      rigged({ perPartition: { rateLimit: { limit: 2, per: 1_000 } } }, (rig, fleet) => {
        many(rig, 3, { partition: 'a' })
        many(rig, 3, { partition: 'b' })
        many(rig, 3)
        const started = fleet.sync('r', 20).claimed.map(({ partition = 'none' }) => partition)
        expect(started.sort()).toEqual(['a', 'a', 'b', 'b', 'none', 'none', 'none'])
        expect(rig.broken()).toEqual([])
      }))

    test('of the whole and of each hold both', () =>
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

    test('outlives a restart at any moment', () =>
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

    test('counts no claim whose transaction failed, at whichever statement', () =>
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

    test('is used up by claims that never started: whether they did, nobody knows', () =>
      rigged({ rateLimit: { limit: 1, per: 60_000 } }, (rig) => {
        many(rig, 1)
        rig.claim()
        rig.sync({ seq: 2, ack: 1 })
        expect(rig.sync({ runner: 'r2', want: 1 }).claimed).toEqual([])
        rig.pass(60_000)
        expect(rig.sync({ runner: 'r3', want: 1 }).claimed).toHaveLength(1)
      }))

    test('a clock that stepped back lets nothing through early', () =>
      rigged({ rateLimit: { limit: 1, per: 1_000 } }, (rig, fleet) => {
        many(rig, 3)
        fleet.sync('r', 3)
        rig.pass(-500)
        expect(fleet.sync('r', 3, 0).claimed).toEqual([])
        rig.pass(999)
        expect(fleet.sync('r', 3, 0).claimed).toEqual([])
      }))

    test('is forgotten by the row once it counts nothing any more', () =>
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
      { limits: { concurrency: 2 }, started: { all: 2 }, because: 'the task has two places' },
      {
        limits: { perPartition: { concurrency: 2 } },
        started: { all: 9, a: 2, b: 2, none: 5 },
        because: 'each partition has two, and what has none is free',
      },
      {
        limits: { concurrency: 3, perPartition: { concurrency: 2 } },
        started: { all: 3 },
        because: 'the task has three in all',
      },
      {
        limits: { concurrency: 9, rateLimit: { limit: 4, per: 1_000 } },
        started: { all: 4 },
        because: 'the rate is the narrower',
      },
    ])('$limits lets $started run, because $because', ({ limits, started: { all, ...parts } }) =>
      rigged(limits, (rig, fleet) => {
        many(rig, 5, { partition: 'a' })
        many(rig, 5, { partition: 'b' })
        many(rig, 5)
        const claimed = ['r1', 'r2'].flatMap((runner) => [...fleet.sync(runner, 20).claimed])
        expect(claimed).toHaveLength(all ?? 0)
        for (const [part, count] of Object.entries(parts))
          expect(claimed.filter(({ partition = 'none' }) => partition === part)).toHaveLength(count)
        rig.restart()
        expect(fleet.sync('r3', 20).claimed).toEqual([])
        expect(rig.broken()).toEqual([])
      }),
    )

    /** How a place becomes free. */
    const freed: Record<string, (rig: Rig, claimed: { id: string; lease: string }) => void> = {
      'its job completes': (rig, claimed) => rig.settle(claimed, completed),
      'its job fails and is to be tried again': (rig, claimed) => rig.settle(claimed, failed),
      'its job is snoozed': (rig, claimed) => rig.settle(claimed, snoozed),
      'its job ends with the last sync of its runner': (rig, claimed) => rig.settle(claimed, completed, { done: true }),
      'its claim is given back': (rig) => rig.sync({ seq: 2, ack: 1 }),
      'its lease lapses': (rig, claimed) => {
        rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(claimed)] })
        rig.pass(leaseMs)
        rig.ring()
      },
      'its job was to be cancelled and its lease lapses': (rig, claimed) => {
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
      test.each(Object.keys(freed))('a place is free once %s, whoever has looked before', (how) =>
        rigged(limits, (rig) => {
          many(rig, 2, { partition: 'a' })
          const first = rig.claim()
          // The partition has been found full, and is not looked at any more.
          expect(rig.sync({ runner: 'r2', want: 1 }).claimed).toEqual([])
          expect(rig.broken()).toEqual([])
          freed[how]?.(rig, first)
          expect(rig.broken()).toEqual([])
          expect(rig.core.parkAndCount(rig.now)).toBeGreaterThan(0)
          expect(rig.sync({ runner: 'r3', want: 1 }).claimed).toHaveLength(1)
          expect(rig.broken()).toEqual([])
        }),
      )

      test('a settlement and the claim that fills its place are one sync', () =>
        rigged(limits, (rig, fleet) => {
          many(rig, 3, { partition: 'a' })
          const ids = [1, 2, 3, 4].flatMap(() => fleet.sync('r', 1).claimed.map(({ id }) => id))
          expect(new Set(ids).size).toBe(3)
          expect(rig.broken()).toEqual([])
        }))

      test('a place that was free when its transaction failed is free afterwards', () =>
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

      test('a late success of a lapsed job takes no place and gives none', () =>
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
