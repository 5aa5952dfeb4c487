import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineTask, type Tiers } from '../../../src/engine/task/define-task.ts'
import { ChardError } from '../../../src/engine/task/errors.ts'
import {
  type CheckedLimits,
  checkedLimits,
  isWholeLimited,
  noLimits,
  type TaskLimits,
} from '../../../src/engine/task/limits.ts'
import { partitionOf } from '../../../src/engine/task/task.ts'
import type { TaskOptions } from '../../../src/engine/task/task-options.ts'

const noTiers: Tiers = { background: async () => {}, enqueue: async () => [] }
const good = { name: 'send', input: z.object({ tenant: z.unknown() }), run: () => 'done' }
type Options = TaskOptions<typeof good.input, string>

function definitionOf(more: object) {
  return defineTask({ ...good, ...more } as Options, noTiers).definition
}

describe('the limits of a task', () => {
  test.each<[limits: TaskLimits, limits: CheckedLimits, isWhole: boolean, because: string]>([
    [{}, noLimits, false, 'nothing is limited that nobody limits'],
    [
      { rateLimit: { limit: 20, per: '1s' } },
      { whole: { rate: { limit: 20, perMs: 1_000 } }, each: {} },
      true,
      'a rate of the whole task can only be counted in one place',
    ],
    [{ concurrency: 1 }, { whole: { concurrency: 1 }, each: {} }, true, 'nor can its places'],
    [
      { perPartition: { rateLimit: { limit: 1, per: 50 }, concurrency: 2 } },
      { whole: {}, each: { rate: { limit: 1, perMs: 50 }, concurrency: 2 } },
      false,
      'a partition has a place of its own',
    ],
    [
      { rateLimit: { limit: 1_000_000, per: '31d' }, concurrency: 10_000, perPartition: {} },
      { whole: { rate: { limit: 1_000_000, perMs: 2_678_400_000 }, concurrency: 10_000 }, each: {} },
      true,
      'the bounds are taken',
    ],
    [
      { rateLimit: undefined, concurrency: undefined, perPartition: undefined } as unknown as TaskLimits,
      noLimits,
      false,
      'undefined is left out',
    ],
  ])('%j are %j, of the task as a whole: %s, because %s', (limits, checked, isWhole) => {
    expect(checkedLimits(limits, 'send')).toEqual(checked)
    expect(isWholeLimited(checked)).toBe(isWhole)
    const partition = limits.perPartition && { partition: () => 'p' }
    expect(definitionOf({ ...limits, ...partition }).limits).toEqual(checked)
  })

  const counts = (max: number) => `it takes a whole number from 1 to ${max}`
  test.each<[limits: object, message: string]>([
    [{ concurrency: 0 }, `concurrency of task send is 0; ${counts(10_000)}`],
    [{ concurrency: 10_001 }, `concurrency of task send is 10001; ${counts(10_000)}`],
    [{ concurrency: 1.5 }, `concurrency of task send is 1.5; ${counts(10_000)}`],
    [{ concurrency: '2' }, `concurrency of task send is "2"; ${counts(10_000)}`],
    [{ concurrency: null }, `concurrency of task send is null; ${counts(10_000)}`],
    [{ rateLimit: 5 }, 'rateLimit of task send is 5; it takes { limit, per }'],
    [{ rateLimit: 0 }, 'rateLimit of task send is 0; it takes { limit, per }'],
    [{ rateLimit: null }, 'rateLimit of task send is null; it takes { limit, per }'],
    [{ rateLimit: {} }, `rateLimit.limit of task send is undefined; ${counts(1_000_000)}`],
    [{ rateLimit: { limit: 0, per: '1s' } }, `rateLimit.limit of task send is 0; ${counts(1_000_000)}`],
    [{ rateLimit: { limit: 1_000_001, per: '1s' } }, `rateLimit.limit of task send is 1000001; ${counts(1_000_000)}`],
    [{ rateLimit: { limit: Number.NaN, per: '1s' } }, `rateLimit.limit of task send is NaN; ${counts(1_000_000)}`],
    [{ rateLimit: { limit: 1 } }, 'rateLimit.per of task send is undefined; it takes milliseconds or a string such as'],
    [{ rateLimit: { limit: 1, per: 'second' } }, 'rateLimit.per of task send is "second"; it takes milliseconds'],
    [{ rateLimit: { limit: 1, per: 0 } }, 'rateLimit.per of task send is 0; it takes from 1 ms to 31 days'],
    [{ rateLimit: { limit: 1, per: '32d' } }, 'rateLimit.per of task send is "32d"; it takes from 1 ms to 31 days'],
    [{ perPartition: 5 }, 'perPartition of task send is 5; it takes { rateLimit, concurrency }'],
    [{ perPartition: null }, 'perPartition of task send is null; it takes { rateLimit, concurrency }'],
    [{ perPartition: { concurrency: 0 } }, `concurrency per partition of task send is 0; ${counts(10_000)}`],
    [
      { perPartition: { rateLimit: { limit: 1, per: 0 } } },
      'rateLimit.per per partition of task send is 0; it takes from 1 ms to 31 days',
    ],
  ])('%j are refused: %s', (limits, message) => {
    for (const checked of [
      () => checkedLimits(limits, 'send'),
      () => definitionOf({ ...limits, partition: () => 'p' }),
    ]) {
      expect(checked).toThrow(ChardError)
      expect(checked).toThrow(expect.objectContaining({ code: 'invalid-option' }))
      expect(checked).toThrow(message)
    }
  })

  test('per partition are refused without a partition, and a partition is a function', () => {
    expect(() => definitionOf({ perPartition: { concurrency: 1 } })).toThrow(
      'perPartition of task send is {"concurrency":1}; it takes a value beside `partition`, which says what a partition is',
    )
    expect(() => definitionOf({ partition: 'tenant' })).toThrow(
      'partition of task send is "tenant"; it takes a function of the input',
    )
  })
})

describe('the partition of a job', () => {
  const tenant = (input: { tenant: unknown }) => input.tenant

  test.each<[tenant: unknown, partition: string, because: string]>([
    ['a', 'a', 'it is what the function says'],
    [' a b ', ' a b ', 'character by character'],
    ['p'.repeat(256), 'p'.repeat(256), 'up to 256 of them'],
    [0, '0', 'a number is as good as its digits'],
  ])('of tenant %j is %j, because %s', (input, partition) => {
    expect(partitionOf(definitionOf({ partition: tenant }), { tenant: input })).toBe(partition)
  })

  test.each<[tenant: unknown, shown: string, because: string]>([
    ['', '""', 'nobody would be nobody in particular'],
    ['p'.repeat(257), `"${'p'.repeat(199)}`, 'it is too long'],
    [undefined, 'undefined', 'a job without one would escape the limits'],
    [null, 'null', 'so would one of nobody'],
    [Number.NaN, 'NaN', 'it is no number that anybody has'],
    [{ id: 1 }, '{"id":1}', 'all objects would be one'],
    [5n, 'bigint', 'it is neither text nor a number'],
  ])('of tenant %s is refused as %s, because %s', (input, shown) => {
    const found = () => partitionOf(definitionOf({ partition: tenant }), { tenant: input })
    expect(found).toThrow(expect.objectContaining({ code: 'invalid-input' }))
    expect(found).toThrow(`partition of task send is ${shown} for this input; it takes 1 to 256 characters`)
  })

  test('is none for a task without partitions', () => {
    expect(partitionOf(definitionOf({}), { tenant: 'a' })).toBeUndefined()
  })

  test('comes from a function that has the options of the task as this', () => {
    const partition = function (this: { prefix: string }, input: { tenant: unknown }) {
      return `${this.prefix}${input.tenant}`
    }
    expect(partitionOf(definitionOf({ prefix: 'user:', partition }), { tenant: 'a' })).toBe('user:a')
  })
})
