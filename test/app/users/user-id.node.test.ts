import { describe, expect, test } from 'vitest'
import { drawUserId, isUserId, parseUserId } from '../../../src/app/users/user-id.ts'

describe('parseUserId', () => {
  test.each<[text: string, id: number | undefined, because: string]>([
    ['1', 1, 'it is the smallest'],
    ['123', 123, 'it is an ordinary one'],
    ['9007199254740991', 2 ** 53 - 1, 'it is the largest'],
    ['9007199254740992', undefined, 'beyond it, numbers are not exact'],
    ['9007199254740993', undefined, 'this would silently become its neighbour'],
    ['99999999999999999999', undefined, 'it is absurd'],
    ['0', undefined, 'ids start at one'],
    ['-1', undefined, 'none is negative'],
    ['1.5', undefined, 'none is fractional'],
    ['1.0', undefined, 'one id has one spelling'],
    ['1e3', undefined, 'one id has one spelling'],
    ['0x10', undefined, 'one id has one spelling'],
    ['007', undefined, 'one id has one spelling'],
    ['+7', undefined, 'one id has one spelling'],
    [' 7', undefined, 'one id has one spelling'],
    ['７', undefined, 'that is a digit, but none of ours'],
    ['', undefined, 'it is empty'],
    ['abc', undefined, 'it is a word'],
  ])('%j is %j, because %s', (text, id) => {
    expect(parseUserId(text)).toBe(id)
  })
})

describe('isUserId', () => {
  test.each([1, 2 ** 53 - 1])('%d is one', (value) => expect(isUserId(value)).toBe(true))
  test.each([0, -0, -1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '1', 1n, null, undefined, [1], true])(
    '%s is none',
    (value) => expect(isUserId(value)).toBe(false),
  )
})

describe('drawUserId', () => {
  test('draws different ids from the upper half of the range', () => {
    const drawn = Array.from({ length: 10_000 }, drawUserId)
    expect(new Set(drawn).size).toBe(drawn.length)
    expect(drawn.every((id) => isUserId(id) && id >= 2 ** 52)).toBe(true)
  })
})
