/** When limits let jobs start: startNow, limit resets, jobs without room, and limits that people set. */
import { describe, expect, test } from 'vitest'
import type { NewJob } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import type { TaskLimits } from '../../../../src/engine/task/limits.ts'
import { Fleet } from '../fleet.ts'
import { completed, heartbeatOf, leaseMs, limited, minuteMs, Rig, type RigOptions, type WithStore } from '../rig.ts'

export function limitResetsSuite(withStore: WithStore): void {
  /** A rig whose task `send` has these limits. */
  const rigged = (limits: TaskLimits, work: (rig: Rig, fleet: Fleet) => void, options: RigOptions = {}) =>
    withStore((store) => {
      const rig = new Rig(store, { ...options, policies: { send: limited(limits), ...options.policies } })
      work(rig, new Fleet(rig, ['send', 'draw']))
    })
  const many = (rig: Rig, count: number, more: Partial<NewJob> = {}) =>
    rig.enqueueAll(Array.from({ length: count }, () => rig.job(more)))

  describe('a first attempt that the caller runs', () => {
    test.each<{ limits: TaskLimits; what: string }>([
      { limits: { rateLimit: { limit: 1, per: 1_000 } }, what: 'the rate limit' },
      { limits: { concurrency: 1 }, what: 'the concurrency limit' },
      { limits: { perPartition: { rateLimit: { limit: 1, per: 1_000 } } }, what: "the partition's rate limit" },
      { limits: { perPartition: { concurrency: 1 } }, what: "the partition's concurrency limit" },
    ])('obeys $what as a claim does, and counts towards it', ({ limits }) =>
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

    test('obeys a limit that earlier jobs of the same call use up', () =>
      rigged({ rateLimit: { limit: 2, per: 1_000 }, concurrency: 9 }, (rig) => {
        const start = { kind: 'claim', runner: 'i', leaseMs: 28_000 } as const
        const states = rig
          .enqueueAll([1, 2, 3].map(() => rig.job({ start })))
          .map((one) => ('state' in one ? one.state : one.refused))
        expect(states).toEqual(['running', 'running', 'queued'])
        expect(rig.broken()).toEqual([])
      }))

    test('frees its slot when a sync that claims nothing settles it', () =>
      rigged({ perPartition: { concurrency: 1 } }, (rig) => {
        const start = { kind: 'claim', runner: 'i', leaseMs: 28_000 } as const
        const [first] = rig.enqueueAll([rig.job({ partition: 'a', start })])
        many(rig, 1, { partition: 'a' })
        expect(rig.sync({ runner: 'r2', want: 1 }).claimed).toEqual([])
        const claimed = first && 'claimed' in first ? first.claimed : undefined
        if (!claimed) throw new Error('it was not started')
        rig.settle(claimed, completed, { done: true })
        expect(rig.core.parkAndCount(rig.now)).toBe(1)
        expect(rig.broken()).toEqual([])
      }))

    test('that began before it was recorded is recorded whatever the limits are', () =>
      rigged({ concurrency: 1 }, (rig) => {
        many(rig, 1)
        rig.claim()
        const start = { kind: 'running', runner: 'i', leaseMs: 5_000, ranMs: 25_000 } as const
        expect(rig.enqueueAll([rig.job({ start })])).toMatchObject([{ state: 'running' }])
        expect(rig.sync({ runner: 'r2', want: 1 }).claimed).toEqual([])
      }))
  })

  describe('a limit reset', () => {
    test.each<{ what: string; limits: TaskLimits }>([
      { what: 'the task', limits: { rateLimit: { limit: 2, per: 1_000 } } },
      { what: 'a partition', limits: { perPartition: { rateLimit: { limit: 2, per: 1_000 } } } },
    ])('of $what is reported with its exact time to the runner that used up the limit', ({ limits }) =>
      rigged(limits, (rig, fleet) => {
        many(rig, 6, { partition: 'a' })
        expect(fleet.sync('r', 5)).toMatchObject({ againInMs: 1_000 })
        rig.pass(300)
        expect(fleet.sync('r', 5, 1)).toMatchObject({ claimed: [], againInMs: 700 })
        expect(rig.broken()).toEqual([])
      }),
    )

    test('is reported with its exact time to a runner with nothing to do, and otherwise the alarm covers it', () =>
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
    ])('of $what arms the alarm for its time and no sooner', ({ limits }) =>
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
        expect(rig.core.parkAndCount(rig.now)).toBe(0)
        rig.pass(59_500)
        rig.ring()
        expect(rig.core.parkAndCount(rig.now)).toBe(2)
        expect(rig.alarmAt).toBe(rig.now + 500)
      }),
    )

    test.each<{ what: string; limits: TaskLimits }>([
      { what: 'the task', limits: { rateLimit: { limit: 1, per: 10_000 } } },
      { what: 'each partition', limits: { perPartition: { rateLimit: { limit: 1, per: 10_000 } } } },
    ])('of $what rings no alarm before its time, however many jobs wait', ({ limits }) =>
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
        // In each window, one for the limit reset and one for the wake-up that may be lost.
        expect(rings).toBeLessThanOrEqual(18)
      }),
    )

    test('rings the alarm when the runner that was to come back does not come', () =>
      rigged({ rateLimit: { limit: 1, per: 5_000 } }, (rig, fleet) => {
        many(rig, 3)
        fleet.sync('r', 1)
        expect(fleet.sync('r', 3)).toMatchObject({ againInMs: 5_000 })
        rig.passRinging(11_000)
        expect(rig.core.parkAndCount(rig.now)).toBe(1)
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('without room under a limit', () => {
    test('a partition is passed over, and so is a task', () =>
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

    test('a solo job waits, and another job goes before it', () =>
      rigged({ concurrency: 1 }, (rig) => {
        const poison = rig.enqueue({ maxAttempts: 9 })
        for (const runner of ['a', 'b']) {
          rig.sync({ runner, seq: 2, ack: 1, heartbeats: [heartbeatOf(rig.claim({ runner }))] })
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

    test('a solo job has the alarm armed for the limit reset', () =>
      rigged({ rateLimit: { limit: 2, per: 10 * minuteMs } }, (rig) => {
        rig.enqueue({ maxAttempts: 9 })
        for (const runner of ['a', 'b']) {
          rig.sync({ runner, seq: 2, ack: 1, heartbeats: [heartbeatOf(rig.claim({ runner }))] })
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
      rig.run('change', { kind: 'limits', task: 'send', limits })

    test.each<{ declared: TaskLimits; now: TaskLimits | undefined; started: number; because: string }>([
      { declared: { concurrency: 2 }, now: { concurrency: 4 }, started: 4, because: 'they replace the declared ones' },
      { declared: { concurrency: 2 }, now: { concurrency: 1 }, started: 1, because: 'they may be narrower as well' },
      { declared: { concurrency: 2 }, now: undefined, started: 2, because: 'the declared ones hold again' },
      {
        declared: { concurrency: 2 },
        now: { rateLimit: { limit: 1, per: 1_000 } },
        started: 2,
        because: 'a kind that is not declared has no effect',
      },
      {
        declared: { rateLimit: { limit: 2, per: 1_000 } },
        now: { rateLimit: { limit: 5, per: 1_000 } },
        started: 5,
        because: 'rate limits are replaced too',
      },
      {
        declared: { perPartition: { concurrency: 1 } },
        now: { perPartition: { concurrency: 3 } },
        started: 3,
        because: 'limits of partitions are replaced too',
      },
    ])('$now replacing $declared let $started start after a restart, because $because', ({ declared, now, started }) =>
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
    ])('$wider replacing $declared let waiting jobs start at once', ({ declared, wider }) =>
      rigged(declared, (rig, fleet) => {
        many(rig, 9, { partition: 'a' })
        fleet.sync('r', 9)
        fleet.sync('q', 9)
        expect(rig.core.parkAndCount(rig.now)).toBe(0)
        set(rig, wider)
        expect(rig.core.parkAndCount(rig.now)).toBe(2)
        expect(rig.alarmAt).toBeLessThanOrEqual(rig.now + 500)
        expect(fleet.sync('q', 9).claimed).toHaveLength(2)
      }),
    )

    test('that are narrower let running jobs continue, and no new job starts until there is room', () =>
      rigged({ concurrency: 4 }, (rig, fleet) => {
        many(rig, 9)
        fleet.sync('r', 4)
        set(rig, { concurrency: 2 })
        expect(fleet.sync('r', 9, 2).claimed).toEqual([])
        expect(fleet.sync('r', 9, 1).claimed).toHaveLength(1)
      }))
  })
}
