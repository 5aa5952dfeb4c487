import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dueSlots, earlierMax, nextSlot, type SlotRule, upcomingSlots } from '../../../src/engine/task/slots.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** When the clocks of a zone change, in UTC, and by how many minutes. */
const changes: [zone: string, at: string, minutes: number, because: string][] = [
  ['Europe/Berlin', '2026-03-29T01:00Z', 60, '02:00 becomes 03:00'],
  ['Europe/Berlin', '2026-10-25T01:00Z', -60, '03:00 becomes 02:00'],
  ['America/New_York', '2026-03-08T07:00Z', 60, '02:00 becomes 03:00'],
  ['America/New_York', '2026-11-01T06:00Z', -60, '02:00 becomes 01:00'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z', 60, 'a day began at 01:00'],
  ['America/Sao_Paulo', '2019-02-17T02:00Z', -60, 'midnight became 23:00 of the day before'],
  ['America/Santiago', '2026-09-06T04:00Z', 60, 'a day begins at 01:00'],
  ['America/Santiago', '2026-04-05T03:00Z', -60, 'midnight becomes 23:00 of the day before'],
  ['America/Nuuk', '2026-03-29T01:00Z', 60, 'a day ends at 23:00'],
  ['America/Nuuk', '2026-10-25T01:00Z', -60, 'midnight becomes 23:00 of the day before'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z', 30, '02:00 becomes 02:30'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z', -30, '02:00 becomes 01:30'],
  ['Africa/Cairo', '2026-04-23T22:00Z', 60, 'a day begins at 01:00'],
  ['Africa/Cairo', '2026-10-29T21:00Z', -60, 'midnight becomes 23:00 of the day before'],
  ['Africa/Casablanca', '2026-02-15T02:00Z', -60, 'Ramadan begins'],
  ['Africa/Casablanca', '2026-03-22T02:00Z', 60, 'Ramadan is over'],
  ['Antarctica/Troll', '2026-03-29T01:00Z', 120, '01:00 becomes 03:00'],
  ['Antarctica/Troll', '2026-10-25T01:00Z', -120, '03:00 becomes 01:00'],
  ['Asia/Tehran', '2022-03-21T20:30Z', 60, 'a day began at 01:00'],
  ['Asia/Tehran', '2022-09-21T19:30Z', -60, 'midnight became 23:00 of the day before'],
  ['Asia/Pyongyang', '2018-05-04T15:00Z', 30, 'a day ended at 23:30'],
  ['America/Caracas', '2007-12-09T07:00Z', -30, '03:00 became 02:30'],
  ['Pacific/Apia', '2011-12-30T10:00Z', 1_440, 'the date line moved, and 30 December was left out'],
  ['Pacific/Kwajalein', '1969-09-30T13:00Z', -1_380, 'the date line moved the other way, and a day was shown twice'],
  ['Pacific/Kwajalein', '1993-08-21T12:00Z', 1_440, 'the date line moved, and a Saturday was left out'],
]

const formats = new Map<string, Intl.DateTimeFormat>()

/** What the zone's clock shows, as if it were UTC. Apart from croner, so that the two can disagree. */
function wallOf(zone: string, instant: number): number {
  let format = formats.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
    formats.set(zone, format)
  }
  return Date.parse(`${format.format(instant).replace(' ', 'T')}Z`)
}

const utc = (slots: readonly (number | undefined)[]) => slots.map((slot) => slot && short(slot))
const short = (slot: number) =>
  new Date(slot)
    .toISOString()
    .replace(':00.000Z', 'Z')
    .replace(/\.000Z$/, 'Z')
const ruleOf = (cron: string, timezone = 'UTC') => ({ cron, timezone })

/** All slots after `after` up to `until`, one step at a time. */
function stepped(rule: SlotRule, after: number, until: number): number[] {
  const slots: number[] = []
  for (let at = nextSlot(rule, after); at !== undefined && at <= until; at = nextSlot(rule, at)) slots.push(at)
  return slots
}

describe('the clocks that the tables go by', () => {
  test.each(changes)('of %s change at %s by %i minutes: %s', (zone, at, minutes) => {
    const instant = Date.parse(at)
    expect(wallOf(zone, instant) - wallOf(zone, instant - minuteMs)).toBe((minutes + 1) * minuteMs)
  })
})

describe('nextSlot of a cron rule', () => {
  test.each<[cron: string, after: string, slots: string[], because: string]>([
    ['0 9 * * *', '2026-06-01T09:00Z', ['2026-06-02T09:00Z'], 'a slot is not after itself'],
    ['0 9 * * *', '2026-06-01T08:59:59.999Z', ['2026-06-01T09:00Z'], 'a millisecond before, it is'],
    ['0 9 * * *', '2026-06-01T09:00:00.001Z', ['2026-06-02T09:00Z'], 'and a millisecond behind, no more'],
    [
      '*/20 * * * * *',
      '2026-06-01T00:00Z',
      ['2026-06-01T00:00:20Z', '2026-06-01T00:00:40Z'],
      'six fields have seconds',
    ],
    ['@daily', '2026-06-01T00:00Z', ['2026-06-02T00:00Z'], 'names stand for rules'],
    ['0 0 ? * MON', '2026-06-01T00:00Z', ['2026-06-08T00:00Z'], '? is any'],
    ['0 0 * * 7', '2026-06-01T00:00Z', ['2026-06-07T00:00Z'], 'Sunday is 0 and 7'],
    [
      '0 0 13 * 5',
      '2026-06-01T00:00Z',
      ['2026-06-05T00:00Z', '2026-06-12T00:00Z', '2026-06-13T00:00Z'],
      'days are either-or',
    ],
    ['0 0 13 * +5', '2026-06-01T00:00Z', ['2026-11-13T00:00Z', '2027-08-13T00:00Z'], '+ asks for both'],
    ['0 0 L * *', '2026-06-01T00:00Z', ['2026-06-30T00:00Z', '2026-07-31T00:00Z'], 'L is the last day'],
    ['0 0 15W * *', '2026-08-01T00:00Z', ['2026-08-14T00:00Z', '2026-09-15T00:00Z'], 'W is the nearest working day'],
    ['0 0 * * FRI#2', '2026-06-01T00:00Z', ['2026-06-12T00:00Z', '2026-07-10T00:00Z'], '# counts in the month'],
    ['0 0 31 * *', '2026-06-01T00:00Z', ['2026-07-31T00:00Z', '2026-08-31T00:00Z'], 'short months are passed over'],
    ['0 0 29 2 *', '2096-03-01T00:00Z', ['2104-02-29T00:00Z'], '2100 is no leap year'],
    [
      '0 0 0 1 1 * 2027-2028',
      '2026-06-01T00:00Z',
      ['2027-01-01T00:00Z', '2028-01-01T00:00Z'],
      'seven fields have a year',
    ],
  ])('%j after %s is %j, because %s', (cron, after, slots) => {
    expect(utc(upcomingSlots(ruleOf(cron), Date.parse(after), slots.length))).toEqual(slots)
  })

  test.each<[cron: string, zone: string, after: string, slots: string[], because: string]>([
    [
      '30 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:30Z'],
      '02:30 is left out, and fires when 02:00 becomes 03:00',
    ],
    [
      '0 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:00Z'],
      '02:00 is left out itself',
    ],
    ['0 3 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['2026-03-29T01:00Z', '2026-03-30T01:00Z'], '03:00 is not'],
    ['59 59 1 * * *', 'Europe/Berlin', '2026-03-28T12:00Z', ['2026-03-29T00:59:59Z'], 'nor is the second before'],
    [
      '0,30 2,3 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-29T01:30Z', '2026-03-30T00:00Z'],
      'what is left out is one slot, also with 03:00',
    ],
    [
      '* * 2 * * *',
      'Europe/Berlin',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-30T00:00Z'],
      'however much is left out',
    ],
    [
      '30 2 29 3 *',
      'Europe/Berlin',
      '2025-06-01T00:00Z',
      ['2026-03-29T01:00Z', '2027-03-29T00:30Z'],
      'a whole year is not lost with it',
    ],
    [
      '0 */2 * * *',
      'Europe/Berlin',
      '2026-03-28T23:00Z',
      ['2026-03-29T01:00Z', '2026-03-29T02:00Z'],
      'every other hour leaves hours out, so 02:00 is caught up with',
    ],
    [
      '0 * * * *',
      'Europe/Berlin',
      '2026-03-28T23:30Z',
      ['2026-03-29T00:00Z', '2026-03-29T01:00Z', '2026-03-29T02:00Z'],
      'each real hour has one',
    ],
    [
      '15 * * * *',
      'Europe/Berlin',
      '2026-03-28T23:30Z',
      ['2026-03-29T00:15Z', '2026-03-29T01:15Z', '2026-03-29T02:15Z'],
      '01:15 and 03:15 are neighbours',
    ],
    [
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:30Z', '2026-10-26T01:30Z'],
      '02:30 fires the first time',
    ],
    [
      '30 2 * * *',
      'Europe/Berlin',
      '2026-10-25T00:45Z',
      ['2026-10-26T01:30Z'],
      'and not the second, wherever one looks from',
    ],
    [
      '0,30 2 * * *',
      'Europe/Berlin',
      '2026-10-24T12:00Z',
      ['2026-10-25T00:00Z', '2026-10-25T00:30Z', '2026-10-26T01:00Z'],
      'a list is fixed too',
    ],
    ['0 3 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', ['2026-10-25T02:00Z'], '03:00 is shown once'],
    [
      '0 * * * *',
      'Europe/Berlin',
      '2026-10-24T23:30Z',
      ['2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'],
      'each real hour has one',
    ],
    [
      '*/30 * * * *',
      'Europe/Berlin',
      '2026-10-25T00:00Z',
      ['2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z', '2026-10-25T02:00Z'],
      'so has each real half hour',
    ],
    [
      '0 0-23 * * *',
      'Europe/Berlin',
      '2026-10-24T23:30Z',
      ['2026-10-25T00:00Z', '2026-10-25T01:00Z'],
      'every hour may be said in other words',
    ],
    [
      '30 2 * * *',
      'America/New_York',
      '2026-03-08T00:00Z',
      ['2026-03-08T07:00Z', '2026-03-09T06:30Z'],
      '02:30 is left out',
    ],
    [
      '30 1 * * *',
      'America/New_York',
      '2026-11-01T00:00Z',
      ['2026-11-01T05:30Z', '2026-11-02T06:30Z'],
      '01:30 fires the first time',
    ],
    [
      '0 0 * * *',
      'America/Sao_Paulo',
      '2018-11-03T12:00Z',
      ['2018-11-04T03:00Z', '2018-11-05T02:00Z'],
      'the day has no midnight, and begins at 01:00',
    ],
    [
      '30 23 * * *',
      'America/Sao_Paulo',
      '2019-02-16T12:00Z',
      ['2019-02-17T01:30Z', '2019-02-18T02:30Z'],
      'Saturday ends twice',
    ],
    [
      '30 0 * * 0',
      'America/Santiago',
      '2026-09-01T00:00Z',
      ['2026-09-06T04:00Z', '2026-09-13T03:30Z'],
      'the Sunday has no 00:30',
    ],
    [
      '0 0 * * *',
      'America/Santiago',
      '2026-04-04T12:00Z',
      ['2026-04-05T04:00Z'],
      'midnight is shown once: the first time, it is 23:00 again',
    ],
    [
      '30 23 * * 6',
      'America/Nuuk',
      '2026-03-27T00:00Z',
      ['2026-03-29T01:00Z', '2026-04-05T00:30Z'],
      'Saturday has no 23:30, and Sunday makes it up',
    ],
    [
      '30 23 28 3 *',
      'America/Nuuk',
      '2026-03-27T00:00Z',
      ['2026-03-29T01:00Z', '2027-03-29T00:30Z'],
      'the date does not return for a year',
    ],
    [
      '*/15 * * * 6',
      'America/Nuuk',
      '2026-03-29T00:30Z',
      ['2026-03-29T00:45Z', '2026-04-04T01:00Z'],
      'a Saturday of 23 hours has 92 quarters',
    ],
    [
      '15 2 * * *',
      'Australia/Lord_Howe',
      '2026-10-03T00:00Z',
      ['2026-10-03T15:30Z', '2026-10-04T15:15Z'],
      '02:00 becomes 02:30',
    ],
    [
      '0 * * * *',
      'Australia/Lord_Howe',
      '2026-10-03T14:15Z',
      ['2026-10-03T14:30Z', '2026-10-03T15:30Z', '2026-10-03T16:00Z'],
      '01:00 and 03:00 are an hour and a half apart, so 02:00 is made up',
    ],
    [
      '45 * * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:00Z',
      ['2026-04-04T14:45Z', '2026-04-04T15:15Z', '2026-04-04T16:15Z'],
      'the clock shows 01:45 twice',
    ],
    [
      '45 1 * * *',
      'Australia/Lord_Howe',
      '2026-04-04T14:00Z',
      ['2026-04-04T14:45Z', '2026-04-05T15:15Z'],
      'a fixed time fires once',
    ],
    [
      '30 0 * * *',
      'Africa/Cairo',
      '2026-04-23T00:00Z',
      ['2026-04-23T22:00Z', '2026-04-24T21:30Z'],
      'Friday begins at 01:00',
    ],
    [
      '30 2 * * *',
      'Africa/Casablanca',
      '2026-02-15T00:00Z',
      ['2026-02-15T01:30Z', '2026-02-16T02:30Z'],
      'clocks go back for Ramadan',
    ],
    [
      '30 2 * * *',
      'Africa/Casablanca',
      '2026-03-22T00:00Z',
      ['2026-03-22T02:00Z', '2026-03-23T01:30Z'],
      'and forward after it',
    ],
    [
      '30 1,2 * * *',
      'Antarctica/Troll',
      '2026-03-28T12:00Z',
      ['2026-03-29T01:00Z', '2026-03-29T23:30Z'],
      'two hours are left out, and are one slot',
    ],
    [
      '30 1,2 * * *',
      'Antarctica/Troll',
      '2026-10-24T12:00Z',
      ['2026-10-24T23:30Z', '2026-10-25T00:30Z', '2026-10-26T01:30Z'],
      'two hours are repeated',
    ],
    [
      '0 * * * *',
      'Antarctica/Troll',
      '2026-10-24T23:30Z',
      ['2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'],
      'each real hour has one',
    ],
    [
      '45 23 * * *',
      'Asia/Pyongyang',
      '2018-05-04T00:00Z',
      ['2018-05-04T15:00Z', '2018-05-05T14:45Z'],
      'half an hour is left out for good',
    ],
    [
      '0 9 * * *',
      'Pacific/Apia',
      '2011-12-29T12:00Z',
      ['2011-12-29T19:00Z', '2011-12-30T10:00Z', '2011-12-30T19:00Z'],
      '30 December is left out, and its slot is made up at once',
    ],
    [
      '0 9 30 12 *',
      'Pacific/Apia',
      '2011-06-01T00:00Z',
      ['2011-12-30T10:00Z', '2012-12-29T19:00Z'],
      'a whole year is not lost with it',
    ],
    [
      '0 0 1 1 *',
      'Pacific/Apia',
      '2011-06-30T00:00Z',
      ['2011-12-31T10:00Z'],
      'from one side of the date line, a slot on the other is found',
    ],
    [
      '0 * * * *',
      'Pacific/Apia',
      '2011-12-30T08:30Z',
      ['2011-12-30T09:00Z', '2011-12-30T10:00Z', '2011-12-30T11:00Z'],
      'each real hour has one',
    ],
    ['0 12 * * *', 'Asia/Kathmandu', '2026-06-01T00:00Z', ['2026-06-01T06:15Z'], 'offsets need not be whole hours'],
  ])('%j in %s after %s is %j, because %s', (cron, zone, after, slots) => {
    expect(utc(upcomingSlots(ruleOf(cron, zone), Date.parse(after), slots.length))).toEqual(slots)
  })

  test.each<[cron: string, because: string]>([
    ['0 0 30 2 *', 'February has no 30th'],
    ['0 0 31 4,6,9,11 *', 'none of these months has a 31st'],
    ['0 0 0 1 1 * 2025', 'its year is over'],
    ['0 0 0 1 1 * 2200', 'no alarm is set so late'],
  ])('%j has none any more, because %s', (cron) => {
    expect(nextSlot(ruleOf(cron, 'Europe/Berlin'), Date.parse('2026-06-01'))).toBeUndefined()
    expect(upcomingSlots(ruleOf(cron, 'Europe/Berlin'), Date.parse('2026-06-01'), 5)).toEqual([])
  })

  test('rules beyond the number that is kept parsed are answered all the same', () => {
    const rules = Array.from({ length: 150 }, (_, n) =>
      ruleOf(`${n % 60} ${n % 24} * * *`, n % 2 ? 'UTC' : 'Asia/Tokyo'),
    )
    const answers = () => rules.map((rule) => nextSlot(rule, Date.parse('2026-06-01')))
    expect(answers()).toEqual(answers())
  })

  test.each(['2027-01-01T00:00:00', 'soon', '* * * *'])('%j throws, for it is no rule', (cron) => {
    expect(() => nextSlot(ruleOf(cron), 0)).toThrow('CronPattern: ')
  })
})

describe('around a change of clocks', { timeout: 30_000 }, () => {
  const reachMs = 3 * dayMs
  /** The minutes of six days, and what the clock shows in each. */
  const clocks = changes.map(([zone, at]) => {
    const start = Date.parse(at) - reachMs
    const walls = Array.from({ length: (2 * reachMs) / minuteMs }, (_, n) => wallOf(zone, start + n * minuteMs))
    return { zone, at, start, walls }
  })
  const clock = fc
    .constantFrom(...clocks)
    .map((found) => Object.assign(found, { toString: () => `${found.zone} ${found.at}` }))
  const some = (of: number, most: number) => fc.uniqueArray(fc.nat(of - 1), { minLength: 1, maxLength: most })
  const allOf = (of: number) => Array.from({ length: of }, (_, n) => n)
  /** Mostly small hours, when clocks change. */
  const hours = fc.oneof(
    fc.constant(allOf(24)),
    some(24, 23),
    fc.uniqueArray(fc.constantFrom<number>(22, 23, 0, 1, 2, 3), { minLength: 1 }),
    fc.constant(allOf(23)),
  )
  const minutes = fc.oneof(some(60, 4), fc.constantFrom([0], [30], [0, 15, 30, 45], [0, 20, 40], [45]))
  const weekdays = fc.oneof(fc.constant(allOf(7)), some(7, 6))
  const pattern = fc.record({ minutes, hours, weekdays })
  type Pattern = typeof pattern extends fc.Arbitrary<infer P> ? P : never

  const cronOf = ({ minutes, hours, weekdays }: Pattern) =>
    `${minutes.join()} ${hours.length === 24 ? '*' : hours.join()} * * ${weekdays.length === 7 ? '*' : weekdays.join()}`

  function matches({ minutes, hours, weekdays }: Pattern, wall: number): boolean {
    const date = new Date(wall)
    return (
      minutes.includes(date.getUTCMinutes()) &&
      hours.includes(date.getUTCHours()) &&
      weekdays.includes(date.getUTCDay())
    )
  }

  /** The policy said in the plainest way: go through the minutes and look at the clock. */
  function expected(pattern: Pattern, { start, walls }: (typeof clocks)[number]): number[] {
    const slots: number[] = []
    const everyHour = pattern.hours.length === 24
    let shown = (walls[0] as number) - minuteMs
    let previous = shown
    for (const [n, wall] of walls.entries()) {
      const whole = (wall - previous - minuteMs) % hourMs === 0
      let fires = everyHour && matches(pattern, wall)
      if (!everyHour || (wall > previous && !whole)) {
        for (let passed = shown + minuteMs; passed <= wall; passed += minuteMs) fires ||= matches(pattern, passed)
      }
      if (fires) slots.push(start + n * minuteMs)
      shown = Math.max(shown, wall)
      previous = wall
    }
    return slots
  }

  test('slots are those that going through the minutes finds', () => {
    fc.assert(
      fc.property(pattern, clock, (pattern, clock) => {
        const rule = ruleOf(cronOf(pattern), clock.zone)
        const found = stepped(rule, clock.start - 1, clock.start + 2 * reachMs - 1)
        expect(utc(found)).toEqual(utc(expected(pattern, clock)))
      }),
      { numRuns: 100 },
    )
  })

  test('due slots are those that stepping finds, and the one after them is the next', () => {
    const within = fc.nat(2 * reachMs)
    fc.assert(
      fc.property(pattern, clock, within, within, fc.nat(40), (pattern, clock, one, other, max) => {
        const rule = ruleOf(cronOf(pattern), clock.zone)
        const [from, now] = [clock.start + Math.min(one, other), clock.start + Math.max(one, other)]
        const all = stepped(rule, from - 1, now)
        const { slots, earlier, next } = dueSlots(rule, from, now, max)
        expect(utc(slots)).toEqual(utc(all.slice(Math.max(0, all.length - max))))
        expect(earlier).toBe(Math.min(earlierMax, all.length - slots.length))
        expect(next).toBe(nextSlot(rule, now))
      }),
      { numRuns: 100 },
    )
  })

  test('from days behind, a repeated time is found where it was shown first', () => {
    const rule = ruleOf('0 15 30 9 *', 'Pacific/Kwajalein')
    const { slots } = dueSlots(rule, Date.parse('1969-09-01T00:00Z'), Date.parse('1969-10-04T06:00Z'), 5)
    expect(utc(slots)).toEqual(['1969-09-30T04:00Z'])
  })

  test('the same slot is next from wherever before it one looks', () => {
    fc.assert(
      fc.property(
        pattern,
        clock,
        fc.nat(2 * reachMs),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (pattern, clock, at, part) => {
          const rule = ruleOf(cronOf(pattern), clock.zone)
          const after = clock.start + at
          const slot = nextSlot(rule, after) as number
          expect(slot).toBeGreaterThan(after)
          expect(nextSlot(rule, after + Math.floor((slot - 1 - after) * part))).toBe(slot)
        },
      ),
    )
  })

  test('the slots of one date are found from months before and months behind', () => {
    fc.assert(
      fc.property(pattern, clock, fc.integer({ min: -1, max: 1 }), fc.nat(300), (pattern, clock, days, away) => {
        const date = new Date(wallOf(clock.zone, Date.parse(clock.at) - 1) + days * dayMs)
        const { minutes, hours } = pattern
        const rule = ruleOf(`${minutes} ${hours} ${date.getUTCDate()} ${date.getUTCMonth() + 1} *`, clock.zone)
        const [from, until] = [clock.start, clock.start + 2 * reachMs - 1]
        const slots = stepped(rule, from - 1, until)
        expect(utc([nextSlot(rule, from - 1 - away * dayMs)])).toEqual(utc([slots[0] ?? nextSlot(rule, until)]))
        expect(utc(dueSlots(rule, from, until + away * dayMs, 4_320).slots)).toEqual(utc(slots))
      }),
      { numRuns: 100 },
    )
  })

  test('the clock shows a time of the rule at every slot, but at a change that leaves times out', () => {
    fc.assert(
      fc.property(pattern, clock, (pattern, clock) => {
        const rule = ruleOf(cronOf(pattern), clock.zone)
        for (const slot of stepped(rule, clock.start, clock.start + 2 * reachMs - 1)) {
          if (slot === Date.parse(clock.at)) continue
          expect(matches(pattern, wallOf(clock.zone, slot))).toBe(true)
        }
      }),
    )
  })

  test('a rule that leaves out an hour of the day fires at no time of the clock twice', () => {
    fc.assert(
      fc.property(pattern, clock, (pattern, clock) => {
        fc.pre(pattern.hours.length < 24)
        const slots = stepped(ruleOf(cronOf(pattern), clock.zone), clock.start, clock.start + 2 * reachMs - 1)
        const shown = slots.map((slot) => wallOf(clock.zone, slot))
        expect(new Set(shown).size).toBe(shown.length)
      }),
    )
  })

  test.each(changes)('in %s at %s, which changes by %i minutes, every minute has its slot', (zone, at) => {
    const middle = Date.parse(at)
    const slots = stepped(ruleOf('* * * * *', zone), middle - 3 * hourMs, middle + 3 * hourMs)
    expect(slots).toEqual(allOf(360).map((n) => middle - 3 * hourMs + (n + 1) * minuteMs))
  })
})

describe('any rule, anywhere', { timeout: 30_000 }, () => {
  const field = (low: number, high: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.integer({ min: low, max: high }).map(String),
      fc
        .tuple(fc.integer({ min: low, max: high }), fc.integer({ min: low, max: high }))
        .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
      fc.integer({ min: 2, max: high }).map((step) => `*/${step}`),
    )
  const day = fc.oneof(field(1, 28), fc.constantFrom('L', 'LW', '15W', '1W', '31', '29', '30,31', '1,L'))
  const weekday = fc.oneof(field(0, 6), fc.constantFrom('MON#1', 'FRIL', '+5', '1-5', 'SUN'))
  const cron = fc
    .tuple(field(0, 59), field(0, 59), field(0, 23), day, field(1, 12), weekday)
    .map((fields) => fields.join(' '))
  const zone = fc.constantFrom('UTC', 'Asia/Kolkata', ...new Set(changes.map(([zone]) => zone)))
  const instant = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2100, 0) })

  test('slots are strictly increasing whole seconds, and are found backwards as they are forwards', () => {
    fc.assert(
      fc.property(cron, zone, instant, fc.integer({ min: 1, max: 20 }), (cron, zone, after, max) => {
        const rule = ruleOf(cron, zone)
        const slots = upcomingSlots(rule, after, 20)
        for (const [n, slot] of slots.entries()) {
          expect(slot).toBeGreaterThan(slots[n - 1] ?? after)
          expect(slot % 1_000).toBe(0)
        }
        const now = slots.at(-1) ?? after
        const due = dueSlots(rule, after + 1, now, max)
        expect(utc(due.slots)).toEqual(utc(slots.slice(-max)))
        expect(due.earlier).toBe(slots.length - due.slots.length)
      }),
      { numRuns: 300 },
    )
  })
})

describe('dueSlots', () => {
  const now = Date.parse('2026-06-01T00:00Z')

  test.each<[cron: string, from: string, max: number, slots: string[], earlier: number, next: string, because: string]>(
    [
      ['0 9 * * *', '2026-06-01T09:00Z', 5, [], 0, '2026-06-01T09:00Z', 'nothing is due yet'],
      [
        '0 0 * * *',
        '2026-06-01T00:00Z',
        5,
        ['2026-06-01T00:00Z'],
        0,
        '2026-06-02T00:00Z',
        'a slot is due at its own time',
      ],
      [
        '0 9 * * *',
        '2026-05-28T09:00Z',
        2,
        ['2026-05-30T09:00Z', '2026-05-31T09:00Z'],
        2,
        '2026-06-01T09:00Z',
        'the newest are taken, and the first is counted too',
      ],
      ['0 9 * * *', '2026-05-28T09:00Z', 0, [], 4, '2026-06-01T09:00Z', 'none may be wanted'],
      [
        '0 9 * * *',
        '2026-05-28T09:00:01Z',
        9,
        ['2026-05-29T09:00Z', '2026-05-30T09:00Z', '2026-05-31T09:00Z'],
        0,
        '2026-06-01T09:00Z',
        'a changed rule need not have had that slot',
      ],
      [
        '* * * * * *',
        '2025-06-01T00:00Z',
        2,
        ['2026-05-31T23:59:59Z', '2026-06-01T00:00Z'],
        earlierMax,
        '2026-06-01T00:00:01Z',
        'a year of seconds is not gone through',
      ],
      [
        '* * * 1 1 *',
        '2016-06-01T00:00Z',
        1,
        ['2026-01-01T23:59:59Z'],
        earlierMax,
        '2027-01-01T00:00Z',
        'nor is the quiet time since',
      ],
      [
        '0 0 29 2 *',
        '2000-02-29T00:00Z',
        3,
        ['2016-02-29T00:00Z', '2020-02-29T00:00Z', '2024-02-29T00:00Z'],
        4,
        '2028-02-29T00:00Z',
        'what is rare is found',
      ],
    ],
  )('of %j from %s, at most %i, are %j and %i earlier ones, next %s: %s', (cron, from, max, slots, earlier, next) => {
    const due = dueSlots(ruleOf(cron), Date.parse(from), now, max)
    expect({ ...due, slots: utc(due.slots), next: utc([due.next])[0] }).toEqual({ slots, earlier, next })
  })

  test('a rule whose years are over has due slots and no next', () => {
    const due = dueSlots(ruleOf('0 0 0 1 1 * 2024-2026', 'Asia/Tokyo'), 0, now, 2)
    expect(due).toEqual({
      slots: [Date.parse('2024-12-31T15:00Z'), Date.parse('2025-12-31T15:00Z')],
      earlier: 1,
      next: undefined,
    })
  })
})

describe('an interval', () => {
  const interval = fc.record({
    everyMs: fc.integer({ min: 1_000, max: 3_653 * dayMs }),
    anchor: fc.nat(Date.UTC(2100, 0)),
  })

  test('has its first slot one interval after its anchor, and knows no change of clocks', () => {
    const anchor = Date.parse('2026-03-28T12:00Z')
    const rule = { everyMs: dayMs, anchor }
    expect(utc(upcomingSlots(rule, 0, 2))).toEqual(['2026-03-29T12:00Z', '2026-03-30T12:00Z'])
    expect(nextSlot(rule, anchor + dayMs)).toBe(anchor + 2 * dayMs)
  })

  test('has slots at whole intervals only, each the first after its like', () => {
    fc.assert(
      fc.property(interval, fc.nat(Date.UTC(2110, 0)), (rule, after) => {
        const slot = nextSlot(rule, after)
        fc.pre(slot !== undefined)
        expect(slot).toBeGreaterThan(after)
        expect((slot - rule.anchor) % rule.everyMs).toBe(0)
        expect(slot - rule.everyMs <= Math.max(after, rule.anchor)).toBe(true)
      }),
    )
  })

  test('has the due slots that stepping finds', () => {
    fc.assert(
      fc.property(interval, fc.nat(50), fc.nat(50), fc.nat(20), (rule, first, more, max) => {
        const from = rule.anchor + first * rule.everyMs - 500
        const now = from + more * rule.everyMs
        const all = stepped(rule, from - 1, now)
        fc.pre(nextSlot(rule, now) !== undefined)
        expect(dueSlots(rule, from, now, max)).toEqual({
          slots: all.slice(Math.max(0, all.length - max)),
          earlier: Math.max(0, all.length - max),
          next: nextSlot(rule, now),
        })
      }),
    )
  })

  test('counts ten years of seconds exactly', () => {
    const now = Date.parse('2026-06-01')
    const { slots, earlier } = dueSlots({ everyMs: 1_000, anchor: now - 3_653 * dayMs }, 0, now, 1)
    expect([slots, earlier]).toEqual([[now], 3_653 * 86_400 - 1])
  })
})
