/** What `createChard` takes: the shards in use, the home shards, and how a wrong value is refused. */
import { describe, expect, test } from 'vitest'
import { type ChardOptions, checkedOptions } from '../../src/engine/options.ts'

const refusalOf = (options: ChardOptions): unknown => {
  try {
    return checkedOptions(options)
  } catch (error) {
    return error
  }
}

describe('the shards', () => {
  test.each<{ options: ChardOptions; shards: number; homeShards: number }>([
    { options: {}, shards: 8, homeShards: 8 },
    { options: { shards: 3 }, shards: 3, homeShards: 3 },
    { options: { shards: 200 }, shards: 200, homeShards: 8 },
    { options: { shards: 200, homeShards: 64 }, shards: 200, homeShards: 64 },
    { options: { homeShards: 2 }, shards: 8, homeShards: 2 },
    { options: { shards: 1_000, homeShards: 1_000 }, shards: 1_000, homeShards: 1_000 },
  ])('of the options $options are $shards, with $homeShards home shards', ({ options, shards, homeShards }) => {
    expect(checkedOptions(options)).toMatchObject({ shards, homeShards })
  })

  test.each<{ options: ChardOptions; message: string }>([
    { options: { shards: 0 }, message: 'shards is 0; it takes a whole number from 1 to 1000' },
    { options: { shards: 1.5 }, message: 'shards is 1.5; it takes a whole number from 1 to 1000' },
    { options: { homeShards: 1_001 }, message: 'homeShards is 1001; it takes a whole number from 1 to 1000' },
    {
      options: { shards: 3, homeShards: 4 },
      message: 'shards is 3; it takes a whole number from 4, the value of homeShards, to 1000',
    },
    {
      options: { homeShards: 9 },
      message: 'shards is 8; it takes a whole number from 9, the value of homeShards, to 1000',
    },
  ])('are refused for the options $options', ({ options, message }) => {
    expect(refusalOf(options)).toMatchObject({ code: 'invalid-option', message })
  })
})
