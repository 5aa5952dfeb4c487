import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jobIdFloor, newJobId, parseJobId } from '../../../../src/engine/ledger/domain/job-id.ts'
import { seeded } from '../rig.ts'

const shards = fc.nat(9_999)
/** A ULID holds 48 bits of milliseconds: to the year 10889. Its library takes a time of 0 for none. */
const times = fc.integer({ min: 1, max: 2 ** 48 - 1 })
const seeds = fc.nat()

describe('newJobId', () => {
  test('is read back as what it was made of', () => {
    fc.assert(
      fc.property(shards, times, seeds, (shard, madeAt, seed) => {
        const id = newJobId(shard, madeAt, seeded(seed))
        expect(parseJobId(id)).toEqual({ shard, madeAt, ulid: id.slice(id.indexOf('-') + 1) })
      }),
    )
  })

  test('is fresh in all its random characters, even within one millisecond', () => {
    const random = seeded(7)
    const ids = Array.from({ length: 10_000 }, () => newJobId(3, 1_900_000_000_000, random).slice(-16))
    expect(new Set(ids).size).toBe(ids.length)
    // A monotonic id would differ from the one before in its last characters only.
    const sameStart = ids.filter((id, index) => id.slice(0, 8) === ids[index - 1]?.slice(0, 8))
    expect(sameStart).toEqual([])
  })

  test('sorts by the time it was made, whatever chance says', () => {
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

  test.each(['0', '1', '10', '999', '9999'])('takes shard %s', (shard) => {
    expect(parseJobId(`${shard}-${ulid}`)).toMatchObject({ shard: Number(shard), ulid })
  })

  test.each([
    ['', 'it says nothing'],
    [ulid, 'it names no shard'],
    [`-${ulid}`, 'it names no shard'],
    [`3${ulid}`, 'nothing parts shard and ULID'],
    [`3_${ulid}`, 'something else parts them'],
    [`03-${ulid}`, 'a shard has one spelling'],
    [`00-${ulid}`, 'a shard has one spelling'],
    [`-3-${ulid}`, 'shards count from 0'],
    [`3.5-${ulid}`, 'shards are whole'],
    [`1e3-${ulid}`, 'shards are digits'],
    [`10000-${ulid}`, 'there are not so many shards'],
    [`٣-${ulid}`, 'digits are those of ASCII'],
    [`3-${ulid.toLowerCase()}`, 'a ULID has one spelling, or a job would have two URLs'],
    [`3-${ulid.slice(1)}`, 'a ULID has 26 characters'],
    [`3-${ulid}0`, 'a ULID has 26 characters'],
    [`3-8${ulid.slice(1)}`, 'its time would not fit 48 bits'],
    [`3-${ulid.slice(0, -1)}I`, 'I is not of its alphabet'],
    [`3-${ulid.slice(0, -1)}L`, 'L is not of its alphabet'],
    [`3-${ulid.slice(0, -1)}O`, 'O is not of its alphabet'],
    [`3-${ulid.slice(0, -1)}U`, 'U is not of its alphabet'],
    [` 3-${ulid}`, 'there is no space'],
    [`3-${ulid} `, 'there is no space'],
    [`3-${ulid}\n`, 'there is no line'],
    [`3-${ulid}/events`, 'nothing follows it'],
  ])('%j is no id, because %s', (id) => {
    expect(parseJobId(id)).toBeUndefined()
  })

  test('any text is an id or is none, and an id is spelt in one way', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d{1,5}-[0-9A-Z]{26}$/)), (text) => {
        const parts = parseJobId(text)
        if (parts) expect(`${parts.shard}-${parts.ulid}`).toBe(text)
      }),
    )
  })
})

describe('jobIdFloor', () => {
  test('is at or below every id made at its time, and above every id made before', () => {
    fc.assert(
      fc.property(shards, fc.integer({ min: 2, max: 2 ** 48 - 1 }), seeds, (shard, ms, seed) => {
        const floor = jobIdFloor(shard, ms)
        expect(floor <= newJobId(shard, ms, seeded(seed))).toBe(true)
        expect(floor > newJobId(shard, ms - 1, seeded(seed))).toBe(true)
      }),
    )
  })

  test('before the beginning of time is the beginning of time', () => {
    expect(jobIdFloor(3, -5)).toBe(jobIdFloor(3, 0))
    expect(jobIdFloor(3, 5.9)).toBe(jobIdFloor(3, 5))
    expect(parseJobId(jobIdFloor(3, 0))).toMatchObject({ madeAt: 0 })
  })
})
