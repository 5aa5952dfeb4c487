import { describe, expect, test } from 'vitest'
import type { NewJob } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import { Fleet } from '../fleet.ts'
import { limited, Rig, type RigOptions, type WithStore } from '../rig.ts'

export function fairnessSuite(withStore: WithStore): void {
  const rigged = (work: (rig: Rig, fleet: Fleet) => void, options: RigOptions = {}) =>
    withStore((store) => {
      const rig = new Rig(store, options)
      work(rig, new Fleet(rig, ['send', 'draw']))
    })
  const many = (rig: Rig, count: number, more: Partial<NewJob> = {}) => {
    rig.enqueueAll(Array.from({ length: count }, () => rig.job(more)))
    rig.pass(1)
  }
  /** Claims up to ten jobs a round, and counts all started jobs by one of their properties. */
  const rounds = (fleet: Fleet, count: number, of: (job: { partition: string; task: string }) => string) => {
    for (let n = 0; n < count; n++) fleet.sync('r', 10)
    return Object.fromEntries([...Map.groupBy(fleet.begun, of)].map(([name, { length }]) => [name, length]))
  }

  describe('partitions', { timeout: 60_000 }, () => {
    test('take turns, so that two thousand jobs of one delay ten of another by one round at most', () =>
      rigged((rig, fleet) => {
        many(rig, 2_000, { partition: 'large' })
        many(rig, 10, { partition: 'small' })
        expect(rounds(fleet, 2, ({ partition }) => partition)).toEqual({ large: 10, small: 10 })
      }))

    test('take turns after a restart too, and across claims of one job each', () =>
      rigged((rig, fleet) => {
        many(rig, 50, { partition: 'a' })
        many(rig, 50, { partition: 'b' })
        many(rig, 50)
        rig.restart()
        for (let n = 0; n < 9; n++) fleet.sync('r', 1)
        const turns = fleet.begun.map(({ partition }) => partition || 'none')
        expect(
          [0, 3, 6].map((from) =>
            turns
              .slice(from, from + 3)
              .toSorted()
              .join(),
          ),
        ).toEqual(Array(3).fill('a,b,none'))
      }))

    test('that come late wait for one turn at most', () =>
      rigged((rig, fleet) => {
        many(rig, 100, { partition: 'a' })
        fleet.sync('r', 10)
        many(rig, 3, { partition: 'b' })
        expect(fleet.sync('r', 4).claimed.filter(({ partition }) => partition === 'b')).toHaveLength(2)
      }))

    test('serve their oldest job first', () =>
      rigged((rig, fleet) => {
        const ids = Array.from({ length: 20 }, () => {
          rig.pass(1)
          return rig.enqueue({ partition: 'a' })
        })
        many(rig, 5, { partition: 'b' })
        for (let n = 0; n < 3; n++) fleet.sync('r', 10)
        expect(fleet.begun.filter(({ partition }) => partition === 'a').map(({ id }) => id)).toEqual(ids)
      }))

    test('at their limit delay no other partition and are passed over until there is room', () =>
      rigged(
        (rig, fleet) => {
          for (let n = 0; n < 40; n++) many(rig, 20, { partition: `full${n}` })
          fleet.sync('holder', 40)
          many(rig, 10, { partition: 'late' })
          expect(fleet.sync('r', 20).claimed.map(({ partition }) => partition)).toEqual(['late'])
          const before = fleet.begun.length
          expect(fleet.sync('r', 20).claimed).toHaveLength(1)
          expect(fleet.begun.length).toBe(before + 1)
          expect(rig.broken()).toEqual([])
        },
        { policies: { send: limited({ perPartition: { concurrency: 1 } }) } },
      ))
  })

  describe('tasks', () => {
    test('of equal priority take turns, however many jobs one of them has', () =>
      rigged((rig, fleet) => {
        many(rig, 500)
        many(rig, 10, { task: 'draw' })
        expect(rounds(fleet, 2, ({ task }) => task)).toEqual({ send: 10, draw: 10 })
      }))
  })

  describe('priority', () => {
    test.each<{ what: string; waiting: Partial<NewJob>; because: string }>([
      { what: 'of its own task', waiting: {}, because: 'a lane holds one priority' },
      { what: 'of another task', waiting: { task: 'draw' }, because: 'tasks take turns within a priority' },
      { what: 'of another partition', waiting: { partition: 'p' }, because: 'partitions take turns within a priority' },
      { what: 'that were delayed', waiting: { delayMs: 5 }, because: 'a claim goes by priority first' },
      { what: 'of a lower priority', waiting: { priority: 4 }, because: 'the highest priority goes first' },
    ])('lets a late urgent job overtake waiting jobs $what, because $because', ({ waiting }) =>
      rigged((rig, fleet) => {
        many(rig, 300, waiting)
        rig.pass(10)
        fleet.sync('r', 10)
        rig.pass(10)
        const urgent = rig.enqueue({ priority: 5, partition: 'u' })
        expect(fleet.sync('r', 3).claimed[0]?.id).toBe(urgent)
      }),
    )

    test('orders jobs after a restart too, down to negative priorities', () =>
      rigged((rig, fleet) => {
        const ids = [-5, 0, 7].map((priority) => rig.enqueue({ priority }))
        rig.restart()
        expect(fleet.sync('r', 3).claimed.map(({ id }) => id)).toEqual(ids.toReversed())
      }))

    test('does not stop lower jobs while a limit holds the higher ones back', () =>
      rigged(
        (rig, fleet) => {
          many(rig, 3, { priority: 9 })
          fleet.sync('r', 1)
          const low = rig.enqueue({ task: 'draw' })
          expect(fleet.sync('q', 5).claimed.map(({ id }) => id)).toEqual([low])
        },
        { policies: { send: limited({ concurrency: 1 }) } },
      ))
  })
}
