import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { homeShardOf, ShardPicker } from '../../../src/engine/client/shards.ts'
import { Chance } from '../../../src/testing/chance.ts'

describe('the home shard of a key', () => {
  test('is one of the home shards, and always the same one', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 1_000 }), (key, homeShards) => {
        const home = homeShardOf(key, homeShards)
        return Number.isInteger(home) && home >= 0 && home < homeShards && homeShardOf(key, homeShards) === home
      }),
    )
  })

  // Test vectors of FNV-1a, 32 bits. Source: http://www.isthe.com/chongo/tech/comp/fnv/
  test.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
  ])('of %j never changes, because a recorded key is looked for there', (key, hash) => {
    expect(homeShardOf(key, 2 ** 32)).toBe(hash)
    expect(homeShardOf(key, 8)).toBe(hash % 8)
  })

  test('is spread evenly', () => {
    const homeShards = Array.from({ length: 8_000 }, (_, n) => homeShardOf(`draw-avatar avatar:${n}`, 8))
    const counts = [...Map.groupBy(homeShards, (home) => home).values()].map(({ length }) => length)
    expect(counts).toHaveLength(8)
    expect(Math.min(...counts)).toBeGreaterThan(850)
    expect(Math.max(...counts)).toBeLessThan(1_150)
  })
})

describe('the shard picker', () => {
  function spread(seed = 1) {
    const chance = new Chance(seed)
    const time = { now: 0 }
    return { time, of: new ShardPicker(64, { now: () => time.now, random: () => chance.random() }) }
  }

  test('stays with one shard for a second', () => {
    const { time, of } = spread()
    const first = of.pick()
    time.now = 999
    expect(of.pick()).toBe(first)
  })

  test('moves on after a second', () => {
    const { time, of } = spread()
    const shards = Array.from({ length: 20 }, () => {
      time.now += 1_000
      return of.pick()
    })
    expect(new Set(shards).size).toBeGreaterThan(10)
  })

  test('moves on after a thousand jobs, so that a large batch is spread', () => {
    const { of } = spread()
    const shards = Array.from({ length: 10_000 }, () => of.pick())
    expect(new Set(shards).size).toBeGreaterThan(5)
    expect(new Set(shards.slice(0, 1_000)).size).toBe(1)
  })
})
