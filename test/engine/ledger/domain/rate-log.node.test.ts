import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  entriesMax,
  type Rate,
  type RateLog,
  resetsAt,
  roomLeft,
  seenAt,
  spentAt,
  withStarts,
} from '../../../../src/engine/ledger/domain/rate-log.ts'

/** Starts by elapsed time, which is not always what the clock said. */
type Starts = { at: number; count: number }[]

/** The most starts in any window that begins with a start: no other holds more. */
function mostInAWindow(starts: Starts, perMs: number): number {
  const inWindow = (from: number) =>
    starts.reduce((sum, { at, count }) => (at >= from && at < from + perMs ? sum + count : sum), 0)
  return Math.max(0, ...starts.map(({ at }) => inWindow(at)))
}

const anyRate: fc.Arbitrary<Rate> = fc.record({
  limit: fc.integer({ min: 1, max: 9 }),
  perMs: fc.integer({ min: 1, max: 60 }),
})
const wait = fc.oneof(fc.constant(0), fc.nat(5), fc.nat(80))
const anyCalls = fc.array(fc.record({ waitMs: wait, wants: fc.nat(12) }), { maxLength: 60 })

describe('roomLeft', () => {
  test.each<[rate: Rate, log: RateLog, now: number, room: number, because: string]>([
    [{ limit: 3, perMs: 10 }, [], 100, 3, 'nothing has started'],
    [{ limit: 3, perMs: 10 }, [[100, 1]], 100, 2, 'a start counts from its moment'],
    [{ limit: 3, perMs: 10 }, [[100, 1]], 109, 2, 'until the window has passed'],
    [{ limit: 3, perMs: 10 }, [[100, 1]], 110, 3, 'and not a moment longer'],
    [{ limit: 3, perMs: 10 }, [[100, 3]], 105, 0, 'a burst may use the whole limit'],
    [
      { limit: 3, perMs: 10 },
      [
        [100, 2],
        [105, 1],
      ],
      111,
      2,
      'each start has a window of its own',
    ],
    [{ limit: 2, perMs: 10 }, [[100, 5]], 105, 0, 'a limit that was lowered leaves none, and no debt'],
    [{ limit: 9, perMs: 10 }, [[100, 5]], 105, 4, 'one that was raised leaves the rest'],
    [{ limit: 3, perMs: 5 }, [[100, 3]], 105, 3, 'a shorter window lets go sooner'],
  ])('of %j after %j at %i is %i, because %s', (rate, log, now, room) => {
    expect(roomLeft(rate, log, now)).toBe(room)
  })
})

describe('opensAt', () => {
  test.each<[rate: Rate, log: RateLog, now: number, at: number, because: string]>([
    [{ limit: 1, perMs: 10 }, [], 100, 100, 'it is open'],
    [{ limit: 2, perMs: 10 }, [[95, 1]], 100, 100, 'there is room for one more'],
    [{ limit: 1, perMs: 10 }, [[95, 1]], 100, 105, 'the one start must pass'],
    [
      { limit: 2, perMs: 10 },
      [
        [92, 1],
        [95, 1],
      ],
      100,
      102,
      'the oldest start makes the first room',
    ],
    [
      { limit: 2, perMs: 10 },
      [
        [92, 1],
        [95, 4],
      ],
      100,
      105,
      'under a lowered limit more must pass',
    ],
    [
      { limit: 1, perMs: 10 },
      [
        [80, 9],
        [95, 1],
      ],
      100,
      105,
      'what has passed counts no more',
    ],
  ])('of %j after %j at %i is %i, because %s', (rate, log, now, at) => {
    expect(resetsAt(rate, log, now)).toBe(at)
  })
})

describe('a rate limit', () => {
  test('lets through all that any window allows, and never more', () => {
    fc.assert(
      fc.property(anyRate, anyCalls, (rate, calls) => {
        const starts: Starts = []
        let log: RateLog = []
        let now = 1_000
        for (const { waitMs, wants } of calls) {
          now += waitMs
          const counted = starts.reduce((sum, { at, count }) => (at > now - rate.perMs ? sum + count : sum), 0)
          const room = roomLeft(rate, log, now)
          expect(room).toBe(rate.limit - counted)
          const count = Math.min(wants, room)
          if (count === 0) continue
          log = withStarts(rate, log, count, now)
          starts.push({ at: now, count })
          expect(spentAt(rate, log)).toBe(now + rate.perMs)
        }
        expect(mostInAWindow(starts, rate.perMs)).toBeLessThanOrEqual(rate.limit)
      }),
      { numRuns: 500 },
    )
  })

  test('opens at the moment it says, and not one millisecond before', () => {
    fc.assert(
      fc.property(anyRate, anyCalls, fc.integer({ min: 1, max: 9 }), (rate, calls, limitNow) => {
        let log: RateLog = []
        let now = 1_000
        for (const { waitMs, wants } of calls) {
          now += waitMs
          for (const current of [rate, { ...rate, limit: limitNow }]) {
            const at = resetsAt(current, log, now)
            expect(at).toBeGreaterThanOrEqual(now)
            expect(roomLeft(current, log, at)).toBeGreaterThan(0)
            if (at > now) expect(roomLeft(current, log, at - 1)).toBe(0)
          }
          const count = Math.min(wants, roomLeft(rate, log, now))
          if (count > 0) log = withStarts(rate, log, count, now)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('with more moments than a log holds merges some, which holds back for a while and lets none through early', () => {
    const manyCalls = fc.array(fc.record({ waitMs: fc.integer({ min: 1, max: 9 }), wants: fc.nat(3) }), {
      minLength: 200,
      maxLength: 400,
    })
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 400 }), manyCalls, (limit, calls) => {
        const rate = { limit, perMs: 1_000 }
        const starts: Starts = []
        let log: RateLog = []
        let now = 1_000
        for (const { waitMs, wants } of calls) {
          now += waitMs
          const counted = starts.reduce((sum, { at, count }) => (at > now - rate.perMs ? sum + count : sum), 0)
          const room = roomLeft(rate, log, now)
          expect(room).toBeLessThanOrEqual(Math.max(0, limit - counted))
          const count = Math.min(wants, room)
          if (count === 0) continue
          log = withStarts(rate, log, count, now)
          starts.push({ at: now, count })
          expect(log.length).toBeLessThanOrEqual(entriesMax)
        }
        expect(mostInAWindow(starts, rate.perMs)).toBeLessThanOrEqual(limit)
      }),
      { numRuns: 60 },
    )
  })

  test('merges the two moments that are closest, into the later of them', () => {
    const rate = { limit: 1_000, perMs: 10_000 }
    const moments = Array.from({ length: entriesMax }, (_, n) => 10 * n)
    const full = moments.reduce<RateLog>((log, at) => withStarts(rate, log, 1, at), [])
    const last = 10 * (entriesMax - 1)
    const merged = withStarts(rate, full, 1, last + 3)
    expect(full).toHaveLength(entriesMax)
    expect(merged).toEqual([...full.slice(0, -1), [last + 3, 2]])
  })

  test('holds in elapsed time when the clock steps back, and is shut for one window at most', () => {
    const calls = fc.array(
      fc.record({ waitMs: wait, backMs: fc.oneof(fc.constant(0), fc.nat(500)), wants: fc.nat(12) }),
      {
        maxLength: 60,
      },
    )
    fc.assert(
      fc.property(anyRate, calls, (rate, steps) => {
        const starts: Starts = []
        let log: RateLog = []
        let [elapsed, clock] = [0, 100_000]
        for (const { waitMs, backMs, wants } of steps) {
          elapsed += waitMs
          clock += waitMs - backMs
          log = seenAt(log, clock)
          expect(resetsAt(rate, log, clock)).toBeLessThanOrEqual(clock + rate.perMs)
          const count = Math.min(wants, roomLeft(rate, log, clock))
          if (count === 0) continue
          log = withStarts(rate, log, count, clock)
          starts.push({ at: elapsed, count })
        }
        expect(mostInAWindow(starts, rate.perMs)).toBeLessThanOrEqual(rate.limit)
      }),
      { numRuns: 500 },
    )
  })
})

describe('seenAt', () => {
  test.each<[log: RateLog, now: number, seen: RateLog, because: string]>([
    [[], 100, [], 'nothing has started'],
    [
      [
        [90, 1],
        [100, 2],
      ],
      100,
      [
        [90, 1],
        [100, 2],
      ],
      'now is not ahead',
    ],
    [
      [
        [90, 1],
        [101, 2],
      ],
      100,
      [
        [90, 1],
        [100, 2],
      ],
      'a moment to come is taken for now',
    ],
    [
      [
        [101, 2],
        [900, 3],
      ],
      100,
      [[100, 5]],
      'all of them are',
    ],
  ])('%j at %i is %j, because %s', (log, now, seen) => {
    expect(seenAt(log, now)).toEqual(seen)
  })

  test('answers the very log when there is nothing to change, so that nobody copies it', () => {
    const log: RateLog = [[90, 1]]
    expect(seenAt(log, 100)).toBe(log)
  })
})

describe('spentAt', () => {
  test.each<[log: RateLog, at: number, because: string]>([
    [[], Number.NEGATIVE_INFINITY, 'nothing has started'],
    [
      [
        [90, 1],
        [95, 1],
      ],
      105,
      'the newest start counts longest',
    ],
  ])('of %j is %d, because %s', (log, at) => {
    expect(spentAt({ limit: 1, perMs: 10 }, log)).toBe(at)
  })
})
