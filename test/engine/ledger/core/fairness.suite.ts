import { describe, expect, test } from 'vitest'
import type { NewJob } from '../../../../src/engine/ledger/protocol/protocol.ts'
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
  /** What ten claims of ten find, by whom they are for. */
  const rounds = (fleet: Fleet, count: number, of: (job: { partition: string; task: string }) => string) => {
    for (let n = 0; n < count; n++) fleet.sync('r', 10)
    return Object.fromEntries([...Map.groupBy(fleet.begun, of)].map(([name, { length }]) => [name, length]))
  }

  describe('partitions', { timeout: 60_000 }, () => {
    test('take turns: two thousand jobs of one do not delay ten of another by more than a round', () =>
      rigged((rig, fleet) => {
        many(rig, 2_000, { partition: 'large' })
        many(rig, 10, { partition: 'small' })
        expect(rounds(fleet, 2, ({ partition }) => partition)).toEqual({ large: 10, small: 10 })
      }))

    test('take turns after a restart as well, and from one claim of one job to the next', () =>
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

    test('that come late wait for no more than a turn', () =>
      rigged((rig, fleet) => {
        many(rig, 100, { partition: 'a' })
        fleet.sync('r', 10)
        many(rig, 3, { partition: 'b' })
        expect(fleet.sync('r', 4).claimed.filter(({ partition }) => partition === 'b')).toHaveLength(2)
      }))

    test('within one, the oldest goes first', () =>
      rigged((rig, fleet) => {
        const ids = Array.from({ length: 20 }, () => {
          rig.pass(1)
          return rig.enqueue({ partition: 'a' })
        })
        many(rig, 5, { partition: 'b' })
        for (let n = 0; n < 3; n++) fleet.sync('r', 10)
        expect(fleet.begun.filter(({ partition }) => partition === 'a').map(({ id }) => id)).toEqual(ids)
      }))

    test('at their limit hold nobody up, and are not looked at until there is room', () =>
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
    test('of equal priority take turns, however many jobs one has', () =>
      rigged((rig, fleet) => {
        many(rig, 500)
        many(rig, 10, { task: 'draw' })
        expect(rounds(fleet, 2, ({ task }) => task)).toEqual({ send: 10, draw: 10 })
      }))
  })

  describe('priority', () => {
    test.each<{ what: string; waiting: Partial<NewJob>; because: string }>([
      { what: 'its own task', waiting: {}, because: 'a lane is of one priority' },
      { what: 'another task', waiting: { task: 'draw' }, because: 'tasks take turns within a priority' },
      { what: 'many partitions', waiting: { partition: 'p' }, because: 'so do partitions' },
      { what: 'jobs that were delayed', waiting: { delayMs: 5 }, because: 'it counts when jobs are claimed' },
      { what: 'a lower priority', waiting: { priority: 4 }, because: 'the highest goes first' },
    ])('a late urgent job overtakes everything that waits of $what, because $because', ({ waiting }) =>
      rigged((rig, fleet) => {
        many(rig, 300, waiting)
        rig.pass(10)
        fleet.sync('r', 10)
        rig.pass(10)
        const urgent = rig.enqueue({ priority: 5, partition: 'u' })
        expect(fleet.sync('r', 3).claimed[0]?.id).toBe(urgent)
      }),
    )

    test('holds after a restart, and over jobs of a negative one', () =>
      rigged((rig, fleet) => {
        const ids = [-5, 0, 7].map((priority) => rig.enqueue({ priority }))
        rig.restart()
        expect(fleet.sync('r', 3).claimed.map(({ id }) => id)).toEqual(ids.toReversed())
      }))

    test('of a job that no limit leaves room for lets the lower ones go', () =>
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
