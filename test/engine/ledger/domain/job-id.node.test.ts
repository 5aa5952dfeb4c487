import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jobIdFloor, newJobId, parseJobId } from '../../../../src/engine/ledger/domain/job-id.ts'
import { seeded } from '../rig.ts'

const shards = fc.nat(9_999)
/** A ULID holds 48 bits of milliseconds, which end in the year 10889. Its library reads a time of 0 as no time. */
const times = fc.integer({ min: 1, max: 2 ** 48 - 1 })
const seeds = fc.nat()

describe('newJobId', () => {
  test('makes an id from which parseJobId reads its shard, its time and its ULID', () => {
    fc.assert(
      fc.property(shards, times, seeds, (shard, madeAt, seed) => {
        const id = newJobId(shard, madeAt, seeded(seed))
        expect(parseJobId(id)).toEqual({ shard, madeAt, ulid: id.slice(id.indexOf('-') + 1) })
      }),
    )
  })

  test('makes all random characters anew, even within one millisecond', () => {
    const random = seeded(7)
    const ids = Array.from({ length: 10_000 }, () => newJobId(3, 1_900_000_000_000, random).slice(-16))
    expect(new Set(ids).size).toBe(ids.length)
    // Monotonic ids would share their first random characters with the id before.
    const sameStart = ids.filter((id, index) => id.slice(0, 8) === ids[index - 1]?.slice(0, 8))
    expect(sameStart).toEqual([])
  })

  test('makes ids that sort by their times, whatever their random characters are', () => {
    fc.assert(
      fc.property(times, times, seeds, (a, b, seed) => {
        fc.pre(a !== b)
        const random = seeded(seed)
        expect(newJobId(3, a, random) < newJobId(3, b, random)).toBe(a < b)
      }),
    )
  })
})

describe('parseJobId', () => {
  const ulid = '01ARZ3NDEKTSV4RRFFQ69G5FAV'

  test.each(['0', '1', '10', '999', '9999'])('accepts shard %s', (shard) => {
    expect(parseJobId(`${shard}-${ulid}`)).toMatchObject({ shard: Number(shard), ulid })
  })

  test.each([
    ['', 'it is empty'],
    [ulid, 'it names no shard'],
    [`-${ulid}`, 'it names no shard'],
    [`3${ulid}`, 'no hyphen separates the shard from the ULID'],
    [`3_${ulid}`, 'only a hyphen separates the shard from the ULID'],
    [`03-${ulid}`, 'a shard has only one spelling'],
    [`00-${ulid}`, 'a shard has only one spelling'],
    [`-3-${ulid}`, 'shards count from 0'],
    [`3.5-${ulid}`, 'a shard is a whole number'],
    [`1e3-${ulid}`, 'a shard is written with digits only'],
    [`10000-${ulid}`, '9999 is the largest shard'],
    [`٣-${ulid}`, 'a shard is written with ASCII digits'],
    [`3-${ulid.toLowerCase()}`, 'a job with two spellings of its ULID would have two URLs'],
    [`3-${ulid.slice(1)}`, 'a ULID has 26 characters'],
    [`3-${ulid}0`, 'a ULID has 26 characters'],
    [`3-8${ulid.slice(1)}`, 'its time does not fit into 48 bits'],
    [`3-${ulid.slice(0, -1)}I`, 'the alphabet of a ULID has no I'],
    [`3-${ulid.slice(0, -1)}L`, 'the alphabet of a ULID has no L'],
    [`3-${ulid.slice(0, -1)}O`, 'the alphabet of a ULID has no O'],
    [`3-${ulid.slice(0, -1)}U`, 'the alphabet of a ULID has no U'],
    [` 3-${ulid}`, 'a space precedes it'],
    [`3-${ulid} `, 'a space follows it'],
    [`3-${ulid}\n`, 'a line break follows it'],
    [`3-${ulid}/events`, 'a path follows it'],
  ])('refuses %j, because %s', (id) => {
    expect(parseJobId(id)).toBeUndefined()
  })

  test('accepts a text only if it is the one spelling of its id', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,5}-[0-9A-Z]{26}$/)), (text) => {
        const parts = parseJobId(text)
        if (parts) expect(`${parts.shard}-${parts.ulid}`).toBe(text)
      }),
    )
  })
})

describe('jobIdFloor', () => {
  test('is at or below every id of its time, and above every earlier id', () => {
    fc.assert(
      fc.property(shards, fc.integer({ min: 2, max: 2 ** 48 - 1 }), seeds, (shard, ms, seed) => {
        const floor = jobIdFloor(shard, ms)
        expect(floor <= newJobId(shard, ms, seeded(seed))).toBe(true)
        expect(floor > newJobId(shard, ms - 1, seeded(seed))).toBe(true)
      }),
    )
  })

  test('reads a negative time as 0, and drops fractions of a millisecond', () => {
    expect(jobIdFloor(3, -5)).toBe(jobIdFloor(3, 0))
    expect(jobIdFloor(3, 5.9)).toBe(jobIdFloor(3, 5))
    expect(parseJobId(jobIdFloor(3, 0))).toMatchObject({ madeAt: 0 })
  })
})
