import { describe, expect, test } from 'vitest'
import type { NewJob } from '../../../../src/engine/ledger/protocol.ts'
import type { TaskLimits } from '../../../../src/engine/task/flow.ts'
import { Fleet } from '../fleet.ts'
import {
  beatOf,
  completed,
  failed,
  leaseMs,
  limited,
  minuteMs,
  Rig,
  type RigOptions,
  settlementOf,
  snoozed,
  type WithStore,
} from '../rig.ts'

export function limitsSuite(withStore: WithStore): void {
  /** A rig whose task `send` has these limits. */
  const rigged = (limits: TaskLimits, work: (rig: Rig, fleet: Fleet) => void, options: RigOptions = {}) =>
    withStore((store) => {
      const rig = new Rig(store, { ...options, policies: { send: limited(limits), ...options.policies } })
      work(rig, new Fleet(rig, ['send', 'draw']))
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
        rig.sync({ seq: 2, ack: 1, beat: [beatOf(claimed)] })
        rig.pass(leaseMs)
        rig.ring()
      },
      'its job was to be cancelled and its lease lapses': (rig, claimed) => {
        rig.sync({ seq: 2, ack: 1, beat: [beatOf(claimed)] })
        rig.core.cancel(claimed.id, rig.now)
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
          expect(rig.core.available(rig.now)).toBeGreaterThan(0)
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
          rig.sync({ seq: 2, ack: 1, beat: [beatOf(first)] })
          rig.pass(leaseMs)
          rig.ring()
          rig.claim({ runner: 'r2', seq: 1 })
          rig.settle(first, completed, { seq: 3, want: 5 })
          expect(rig.core.books.counts.total().running).toBe(1)
          expect(rig.broken()).toEqual([])
        }))
    })
  })

  describe('a start in the place of the call', () => {
    test.each<{ limits: TaskLimits; what: string }>([
      { limits: { rateLimit: { limit: 1, per: 1_000 } }, what: 'the rate' },
      { limits: { concurrency: 1 }, what: 'the places' },
      { limits: { perPartition: { rateLimit: { limit: 1, per: 1_000 } } }, what: "the partition's rate" },
      { limits: { perPartition: { concurrency: 1 } }, what: "the partition's places" },
    ])('is admitted as a claim is: $what hold it, and it counts', ({ limits }) =>
      rigged(limits, (rig) => {
        const start = (n: number) => ({ kind: 'claim', runner: `i${n}`, leaseMs: 28_000 }) as const
        const jobs = [1, 2].map((n) => rig.job({ partition: 'a', start: start(n) }))
        expect(rig.enqueueAll(jobs.slice(0, 1))).toMatchObject([{ state: 'running', claimed: { attempt: 1 } }])
        const [second] = rig.enqueueAll(jobs.slice(1))
        expect(second).toMatchObject({ state: 'queued' })
        expect(second).not.toHaveProperty('claimed')
        expect(rig.sync({ want: 5 }).claimed).toEqual([])
        expect(rig.broken()).toEqual([])
      }),
    )

    test('of one call counts what the call has started already', () =>
      rigged({ rateLimit: { limit: 2, per: 1_000 }, concurrency: 9 }, (rig) => {
        const start = { kind: 'claim', runner: 'i', leaseMs: 28_000 } as const
        const states = rig
          .enqueueAll([1, 2, 3].map(() => rig.job({ start })))
          .map((one) => ('state' in one ? one.state : one.refused))
        expect(states).toEqual(['running', 'running', 'queued'])
        expect(rig.broken()).toEqual([])
      }))

    test('frees its place when it is settled by a sync that asks for nothing', () =>
      rigged({ perPartition: { concurrency: 1 } }, (rig) => {
        const start = { kind: 'claim', runner: 'i', leaseMs: 28_000 } as const
        const [first] = rig.enqueueAll([rig.job({ partition: 'a', start })])
        many(rig, 1, { partition: 'a' })
        expect(rig.sync({ runner: 'r2', want: 1 }).claimed).toEqual([])
        const claimed = first && 'claimed' in first ? first.claimed : undefined
        if (!claimed) throw new Error('it was not started')
        rig.settle(claimed, completed, { done: true })
        expect(rig.core.available(rig.now)).toBe(1)
        expect(rig.broken()).toEqual([])
      }))

    test('that ran before it was recorded is recorded whatever the limits say', () =>
      rigged({ concurrency: 1 }, (rig) => {
        many(rig, 1)
        rig.claim()
        const start = { kind: 'running', runner: 'i', leaseMs: 5_000, ranMs: 25_000 } as const
        expect(rig.enqueueAll([rig.job({ start })])).toMatchObject([{ state: 'running' }])
        expect(rig.sync({ runner: 'r2', want: 1 }).claimed).toEqual([])
      }))
  })

  describe('a limit that opens', () => {
    test.each<{ what: string; limits: TaskLimits }>([
      { what: 'of the task', limits: { rateLimit: { limit: 2, per: 1_000 } } },
      { what: 'of a partition', limits: { perPartition: { rateLimit: { limit: 2, per: 1_000 } } } },
    ])('$what tells the runner that has filled it the exact moment', ({ limits }) =>
      rigged(limits, (rig, fleet) => {
        many(rig, 6, { partition: 'a' })
        expect(fleet.sync('r', 5)).toMatchObject({ againInMs: 1_000 })
        rig.pass(300)
        expect(fleet.sync('r', 5, 1)).toMatchObject({ claimed: [], againInMs: 700 })
        expect(rig.broken()).toEqual([])
      }),
    )

    test('tells a runner with nothing to do the exact moment, and the alarm looks after it otherwise', () =>
      rigged({ rateLimit: { limit: 2, per: 1_000 } }, (rig, fleet) => {
        many(rig, 6)
        fleet.sync('r', 2)
        rig.pass(300)
        expect(fleet.sync('r', 5)).toMatchObject({ claimed: [], againInMs: 700 })
        expect(rig.broken()).toEqual([])
        rig.pass(700)
        expect(fleet.sync('r', 5).claimed).toHaveLength(2)
      }))

    test.each<{ what: string; limits: TaskLimits }>([
      { what: 'the task', limits: { rateLimit: { limit: 2, per: 60_000 } } },
      { what: 'a partition', limits: { perPartition: { rateLimit: { limit: 2, per: 60_000 } } } },
    ])('of $what arms the alarm for its moment and not sooner', ({ limits }) =>
      rigged(limits, (rig, fleet) => {
        many(rig, 6, { partition: 'a' })
        fleet.sync('r', 2)
        fleet.sync('r', 0)
        rig.pass(500)
        rig.ring()
        expect(rig.alarmAt).toBe(rig.now + 59_500)
        rig.restart()
        rig.ring()
        expect(rig.alarmAt).toBe(rig.now + 59_500)
        expect(rig.core.available(rig.now)).toBe(0)
        rig.pass(59_500)
        rig.ring()
        expect(rig.core.available(rig.now)).toBe(2)
        expect(rig.alarmAt).toBe(rig.now + 500)
      }),
    )

    test.each<{ what: string; limits: TaskLimits }>([
      { what: 'the task', limits: { rateLimit: { limit: 1, per: 10_000 } } },
      { what: 'each partition', limits: { perPartition: { rateLimit: { limit: 1, per: 10_000 } } } },
    ])('of $what rings no alarm before its moment, however many wait', ({ limits }) =>
      rigged(limits, (rig, fleet) => {
        many(rig, 100, { partition: 'a' })
        rig.passRinging(500)
        let rings = 0
        for (let window = 0; window < 6; window++) {
          fleet.sync(`r${window}`, 9)
          fleet.sync(`r${window}`, 0)
          rings += rig.passRinging(10_000)
        }
        expect(fleet.begun).toHaveLength(6)
        // One for its opening and one for the wake-up that may be lost, each window.
        expect(rings).toBeLessThanOrEqual(18)
      }),
    )

    test('after a runner was told of it and did not come back, the alarm rings', () =>
      rigged({ rateLimit: { limit: 1, per: 5_000 } }, (rig, fleet) => {
        many(rig, 3)
        fleet.sync('r', 1)
        expect(fleet.sync('r', 3)).toMatchObject({ againInMs: 5_000 })
        rig.passRinging(11_000)
        expect(rig.core.available(rig.now)).toBe(1)
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('what nobody holds up', () => {
    test('a partition without room is passed over, and so is a task without room', () =>
      rigged(
        { perPartition: { concurrency: 1 } },
        (rig, fleet) => {
          many(rig, 50, { partition: 'full', priority: 5 })
          many(rig, 3, { task: 'draw', priority: 4 })
          const free = rig.enqueue({ partition: 'free' })
          const claimed = fleet.sync('r', 20).claimed
          expect(claimed.map(({ id }) => id)).toContain(free)
          expect(claimed).toHaveLength(3)
          expect(rig.broken()).toEqual([])
        },
        { policies: { draw: limited({ concurrency: 1 }) } },
      ))

    test('a job that must run alone obeys the limits, and another one goes before it', () =>
      rigged({ concurrency: 1 }, (rig) => {
        const poison = rig.enqueue({ maxAttempts: 9 })
        for (const runner of ['a', 'b']) {
          rig.sync({ runner, seq: 2, ack: 1, beat: [beatOf(rig.claim({ runner }))] })
          rig.pass(leaseMs)
          rig.ring()
          rig.pass(1_000)
          rig.ring()
        }
        rig.enqueue({ priority: 1 })
        const other = rig.claim({ runner: 'c', seq: 2, ack: 0 })
        expect(other.id).not.toBe(poison)
        expect(rig.sync({ runner: 'd', want: 5 }).claimed).toEqual([])
        expect(rig.broken()).toEqual([])
        rig.settle(other, completed)
        expect(rig.sync({ runner: 'e', want: 5 }).claimed).toMatchObject([{ id: poison, solo: true }])
      }))

    test('a solo job whose rate is used up has its opening armed', () =>
      rigged({ rateLimit: { limit: 2, per: 10 * minuteMs } }, (rig) => {
        rig.enqueue({ maxAttempts: 9 })
        for (const runner of ['a', 'b']) {
          rig.sync({ runner, seq: 2, ack: 1, beat: [beatOf(rig.claim({ runner }))] })
          rig.pass(leaseMs)
          rig.ring()
          rig.pass(1_000)
          rig.ring()
        }
        expect(rig.sync({ runner: 'c', want: 1 }).claimed).toEqual([])
        rig.ring()
        expect(rig.alarmAt).toBe(rig.now + 10 * minuteMs - 2 * (leaseMs + 1_000))
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('limits that a person sets', () => {
    const set = (rig: Rig, limits: TaskLimits | undefined) =>
      rig.core.change({ kind: 'limits', task: 'send', limits }, rig.now)

    test.each<{ declared: TaskLimits; now: TaskLimits | undefined; started: number; because: string }>([
      { declared: { concurrency: 2 }, now: { concurrency: 4 }, started: 4, because: 'they replace what the code says' },
      { declared: { concurrency: 2 }, now: { concurrency: 1 }, started: 1, because: 'in both directions' },
      { declared: { concurrency: 2 }, now: undefined, started: 2, because: "the code's hold again" },
      {
        declared: { concurrency: 2 },
        now: { rateLimit: { limit: 1, per: 1_000 } },
        started: 2,
        because: 'a kind that the task does not declare cannot be held',
      },
      {
        declared: { rateLimit: { limit: 2, per: 1_000 } },
        now: { rateLimit: { limit: 5, per: 1_000 } },
        started: 5,
        because: 'rates as well',
      },
      {
        declared: { perPartition: { concurrency: 1 } },
        now: { perPartition: { concurrency: 3 } },
        started: 3,
        because: 'and those of partitions',
      },
    ])('$now over $declared let $started start, because $because; after a restart too', ({ declared, now, started }) =>
      rigged(declared, (rig, fleet) => {
        many(rig, 9, { partition: 'a' })
        set(rig, { concurrency: 7 })
        set(rig, now)
        rig.restart()
        expect(fleet.sync('r', 20).claimed).toHaveLength(started)
        expect(rig.broken()).toEqual([])
      }),
    )

    test.each<{ declared: TaskLimits; wider: TaskLimits }>([
      { declared: { concurrency: 1 }, wider: { concurrency: 3 } },
      { declared: { perPartition: { concurrency: 1 } }, wider: { perPartition: { concurrency: 3 } } },
      { declared: { rateLimit: { limit: 1, per: 60_000 } }, wider: { rateLimit: { limit: 3, per: 60_000 } } },
      {
        declared: { perPartition: { rateLimit: { limit: 1, per: 60_000 } } },
        wider: { perPartition: { rateLimit: { limit: 3, per: 60_000 } } },
      },
    ])('$wider in place of $declared open at once for what waits', ({ declared, wider }) =>
      rigged(declared, (rig, fleet) => {
        many(rig, 9, { partition: 'a' })
        fleet.sync('r', 9)
        fleet.sync('q', 9)
        expect(rig.core.available(rig.now)).toBe(0)
        set(rig, wider)
        expect(rig.core.available(rig.now)).toBe(2)
        expect(rig.alarmAt).toBeLessThanOrEqual(rig.now + 500)
        expect(fleet.sync('q', 9).claimed).toHaveLength(2)
      }),
    )

    test('narrower ones let go on what runs, and let nothing new start', () =>
      rigged({ concurrency: 4 }, (rig, fleet) => {
        many(rig, 9)
        fleet.sync('r', 4)
        set(rig, { concurrency: 2 })
        expect(fleet.sync('r', 9, 2).claimed).toEqual([])
        expect(fleet.sync('r', 9, 1).claimed).toHaveLength(1)
      }))
  })
}
