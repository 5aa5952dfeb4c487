import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TimerHeap } from '../../../../src/engine/ledger/memory/timer-heap.ts'

/** Things that wait for a moment each, and the moments that know of them. */
function scene() {
  const waiting = new Map<string, number>()
  const moments = new TimerHeap<string>((at, of) => waiting.get(of) === at)
  const put = (of: string, at: number) => {
    waiting.set(of, at)
    moments.add(at, of)
  }
  return { waiting, moments, put }
}

const anyThing = fc.nat(15).map(String)
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('put' as const), of: anyThing, at: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('call off' as const), of: anyThing }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('due' as const), now: fc.nat(50), max: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('take' as const), now: fc.nat(50) }) },
)

describe('moments', () => {
  test('agree with a list that is sorted whenever somebody asks', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 100 }), (steps) => {
        const { waiting, moments, put } = scene()
        for (const step of steps) {
          if (step.verb === 'put') put(step.of, step.at)
          if (step.verb === 'call off') waiting.delete(step.of)
          const sorted = [...waiting].sort(([, a], [, b]) => a - b)
          expect(moments.next()).toBe(sorted[0]?.[1])
          if (step.verb === 'put' || step.verb === 'call off') continue
          const over = sorted.filter(([, at]) => at <= step.now)
          const found = step.verb === 'due' ? moments.due(step.now, step.max) : moments.take(step.now)
          if (step.verb === 'take') for (const of of found) waiting.delete(of)
          // What is taken has gone; what is due stays. Of one moment any may come first.
          const expected = step.verb === 'due' ? over.slice(0, step.max) : over
          const momentOf = new Map(over)
          expect([...new Set(found)].map((of) => momentOf.get(of))).toEqual(expected.map(([, at]) => at))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('what is due stays until it is called off, what is taken is gone', () => {
    const { waiting, moments, put } = scene()
    put('a', 5)
    put('b', 7)
    expect([moments.due(6, 9), moments.due(6, 9)]).toEqual([['a'], ['a']])
    waiting.delete('a')
    expect([moments.due(9, 9), moments.take(9), moments.take(9)]).toEqual([['b'], ['b'], []])
    expect(moments.next()).toBeUndefined()
  })

  test('a thing that is put for another moment waits for that one alone', () => {
    const { moments, put } = scene()
    put('a', 5)
    put('a', 9)
    expect([moments.next(), moments.take(8), moments.take(9)]).toEqual([9, [], ['a']])
  })

  test('a thing that is put twice for its moment is due once', () => {
    const { moments, put } = scene()
    for (const of of ['a', 'a', 'b']) put(of, 5)
    expect(moments.due(5, 2)).toEqual(['a', 'b'])
  })

  test('those called off are given up, so that what is held is bounded by what waits', () => {
    const { waiting, moments, put } = scene()
    put('first', 0)
    for (let n = 0; n < 100_000; n++) {
      put(`j${n}`, 1_000 + n)
      if (n >= 3_000) waiting.delete(`j${n - 3_000}`)
    }
    expect(waiting.size).toBe(3_001)
    expect(moments.held).toBeLessThanOrEqual(2 * 3_001)
    expect(moments.take(Number.POSITIVE_INFINITY)).toEqual([...waiting.keys()])
    expect(moments.held).toBe(0)
  })
})
