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

/** Starts by elapsed time. The clock may show another time, because it may step back. */
type Starts = { at: number; count: number }[]

/** The most starts in any window that begins with a start. No other window holds more. */
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
    [{ limit: 3, perMs: 10 }, [[100, 1]], 100, 2, 'a start counts at once'],
    [{ limit: 3, perMs: 10 }, [[100, 1]], 109, 2, 'a start counts until its window is over'],
    [{ limit: 3, perMs: 10 }, [[100, 1]], 110, 3, 'a start no longer counts once its window is over'],
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
    [{ limit: 2, perMs: 10 }, [[100, 5]], 105, 0, 'a lowered limit leaves no room, and never less than none'],
    [{ limit: 9, perMs: 10 }, [[100, 5]], 105, 4, 'a raised limit leaves the difference'],
    [{ limit: 3, perMs: 5 }, [[100, 3]], 105, 3, 'a start counts for less time under a shorter window'],
  ])('of %j after %j at %i is %i, because %s', (rate, log, now, room) => {
    expect(roomLeft(rate, log, now)).toBe(room)
  })
})

describe('resetsAt', () => {
  test.each<[rate: Rate, log: RateLog, now: number, at: number, because: string]>([
    [{ limit: 1, perMs: 10 }, [], 100, 100, 'there is room for the whole limit'],
    [{ limit: 2, perMs: 10 }, [[95, 1]], 100, 100, 'there is room for one more'],
    [{ limit: 1, perMs: 10 }, [[95, 1]], 100, 105, 'the window of the only start ends then'],
    [
      { limit: 2, perMs: 10 },
      [
        [92, 1],
        [95, 1],
      ],
      100,
      102,
      'the window of the oldest start ends first',
    ],
    [
      { limit: 2, perMs: 10 },
      [
        [92, 1],
        [95, 4],
      ],
      100,
      105,
      'under a lowered limit the windows of more starts must end',
    ],
    [
      { limit: 1, perMs: 10 },
      [
        [80, 9],
        [95, 1],
      ],
      100,
      105,
      'a start no longer counts once its window is over',
    ],
  ])('of %j after %j at %i is %i, because %s', (rate, log, now, at) => {
    expect(resetsAt(rate, log, now)).toBe(at)
  })
})

describe('a rate limit', () => {
  test('lets through as many starts as the window allows, and never more', () => {
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

  test('resets at the time that resetsAt gives, and not one millisecond earlier', () => {
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

  test('merges entries of a full log, which may delay a start and never lets one through early', () => {
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

  test('merges the two closest entries of a full log into the later one', () => {
    const rate = { limit: 1_000, perMs: 10_000 }
    const times = Array.from({ length: entriesMax }, (_, n) => 10 * n)
    const full = times.reduce<RateLog>((log, at) => withStarts(rate, log, 1, at), [])
    const last = 10 * (entriesMax - 1)
    const merged = withStarts(rate, full, 1, last + 3)
    expect(full).toHaveLength(entriesMax)
    expect(merged).toEqual([...full.slice(0, -1), [last + 3, 2]])
  })

  test('holds in elapsed time when the clock steps back, and refuses starts for one window at most', () => {
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
      'a start at the current time is not in the future',
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
      'a start in the future is moved to the current time',
    ],
    [
      [
        [101, 2],
        [900, 3],
      ],
      100,
      [[100, 5]],
      'all starts in the future are moved to the current time',
    ],
  ])('reads %j at %i as %j, because %s', (log, now, seen) => {
    expect(seenAt(log, now)).toEqual(seen)
  })

  test('returns the same log when there is nothing to change, so that it is not copied', () => {
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
