import { describe, expect, test } from 'vitest'
import { waitSeconds } from '../../src/admin/prefer.ts'

describe('waitSeconds', () => {
  test.each<[header: string | undefined, seconds: number | undefined, because: string]>([
    [undefined, undefined, 'there is no header'],
    ['', undefined, 'it is empty'],
    ['wait=10', 10, 'that is the plain form'],
    ['WAIT=10', 10, 'names ignore case'],
    ['  wait = 10  ', 10, 'space around = is bad but allowed'],
    ['wait="10"', 10, 'a quoted value is the same value'],
    ['wait=10; foo=bar', 10, 'parameters do not matter'],
    ['respond-async, wait=10', 10, 'other preferences do not matter'],
    ['handling=lenient;a="x, wait=3", wait=10', 10, 'a comma inside quotes separates nothing'],
    ['wait=5, wait=20', 5, 'only the first of duplicates counts'],
    ['wait=, wait=20', undefined, 'the first counts though it is malformed'],
    ['wait', undefined, 'it has no value'],
    ['wait=ten', undefined, 'it is no number'],
    ['wait=-1', undefined, 'it is no number of seconds'],
    ['wait=1.5', undefined, 'seconds are whole'],
    ['wait=1e3', undefined, 'seconds are digits'],
    ['wait=0', undefined, 'nothing is waited for'],
    ['wait=31', 30, 'more than the bound is the bound'],
    [`wait=${'9'.repeat(400)}`, 30, 'it is more than a number can hold'],
    ['await=10', undefined, 'that is another preference'],
    ['wait-not=10', undefined, 'that is another preference'],
    ['wait="10', undefined, 'its quote is open'],
    ['x="open, wait=10', undefined, 'an open quote swallows the rest'],
    [',,, wait=10', 10, 'empty list elements are skipped'],
  ])('%j is %j, because %s', (header, seconds) => {
    expect(waitSeconds(header, 30)).toBe(seconds)
  })

  test('a header of the greatest length is read in linear time', () => {
    for (const part of ['"', '\\', ',', 'wait ', '"\\', '" ']) {
      expect(waitSeconds(part.repeat(100_000 / part.length), 30)).toBeUndefined()
    }
  }, 1_000)
})
