import { describe, expect, test } from 'vitest'
import { checkedTrace, traceIdOf } from '../../../src/engine/task/trace.ts'

const id = '4bf92f3577b34da6a3ce929d0e0e4736'
const parent = '00f067aa0ba902b7'

describe('the trace of a traceparent', () => {
  test.each<[header: string | undefined, trace: string | undefined, because: string]>([
    [`00-${id}-${parent}-01`, id, 'it is valid'],
    [`00-${id}-${parent}-00`, id, 'a trace that is not sampled has an id too'],
    [`01-${id}-${parent}-01-more`, id, 'a later version may go on'],
    [`cc-${id}-${parent}-01`, id, 'a later version may be as this one'],
    [undefined, undefined, 'there is none'],
    ['', undefined, 'it is empty'],
    [`00-${id}-${parent}-01-more`, undefined, 'this version does not go on'],
    [`ff-${id}-${parent}-01`, undefined, 'ff is no version'],
    [`00-${'0'.repeat(32)}-${parent}-01`, undefined, 'an id of zeros is none'],
    [`00-${id}-${'0'.repeat(16)}-01`, undefined, 'a parent of zeros is none'],
    [`00-${id.toUpperCase()}-${parent}-01`, undefined, 'its letters are lower case'],
    [`00-${id.slice(1)}-${parent}-01`, undefined, 'its id is too short'],
    [`00-${id}-${parent}`, undefined, 'it has no flags'],
    [`00-${id}-${parent}-0x`, undefined, 'its flags are no number'],
    [`00-${id}-${parent}-01\n`, undefined, 'it has a line break'],
  ])('%j is %j, because %s', (header, trace) => {
    expect(traceIdOf(header)).toBe(trace)
  })
})

describe('a trace that is given', () => {
  test.each([id, undefined])('%j is taken', (trace) => {
    expect(checkedTrace(trace)).toBe(trace)
  })

  test.each(['', 'abc', `${id}0`, '0'.repeat(32), id.toUpperCase(), 5 as never])('%j is refused', (trace) => {
    expect(() => checkedTrace(trace)).toThrow(/^trace is .*; it takes a trace id: 32 hexadecimal digits/)
  })
})
