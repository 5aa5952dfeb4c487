import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TimerHeap } from '../../../../src/engine/ledger/memory/timer-heap.ts'

/** Things that wait for one time each, and the heap that holds them. */
function scene() {
  const waiting = new Map<string, number>()
  const heap = new TimerHeap<string>((at, of) => waiting.get(of) === at)
  const put = (of: string, at: number) => {
    waiting.set(of, at)
    heap.add(at, of)
  }
  return { waiting, heap, put }
}

const anyThing = fc.nat(15).map(String)
const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ verb: fc.constant('put' as const), of: anyThing, at: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('call off' as const), of: anyThing }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('due' as const), now: fc.nat(50), max: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('take' as const), now: fc.nat(50) }) },
)

describe('the timer heap', () => {
  test('agrees with a list that is sorted at every call', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 100 }), (steps) => {
        const { waiting, heap, put } = scene()
        for (const step of steps) {
          if (step.verb === 'put') put(step.of, step.at)
          if (step.verb === 'call off') waiting.delete(step.of)
          const sorted = [...waiting].sort(([, a], [, b]) => a - b)
          expect(heap.next()).toBe(sorted[0]?.[1])
          if (step.verb === 'put' || step.verb === 'call off') continue
          const over = sorted.filter(([, at]) => at <= step.now)
          const found = step.verb === 'due' ? heap.due(step.now, step.max) : heap.take(step.now)
          if (step.verb === 'take') for (const of of found) waiting.delete(of)
          // `take` removes what it returns, and `due` does not. Things of the same time come in any order.
          const expected = step.verb === 'due' ? over.slice(0, step.max) : over
          const timeOf = new Map(over)
          expect([...new Set(found)].map((of) => timeOf.get(of))).toEqual(expected.map(([, at]) => at))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('keeps what is due until it is called off, and removes what is taken', () => {
    const { waiting, heap, put } = scene()
    put('a', 5)
    put('b', 7)
    expect([heap.due(6, 9), heap.due(6, 9)]).toEqual([['a'], ['a']])
    waiting.delete('a')
    expect([heap.due(9, 9), heap.take(9), heap.take(9)]).toEqual([['b'], ['b'], []])
    expect(heap.next()).toBeUndefined()
  })

  test('keeps only the newest time of a thing that is put twice', () => {
    const { heap, put } = scene()
    put('a', 5)
    put('a', 9)
    expect([heap.next(), heap.take(8), heap.take(9)]).toEqual([9, [], ['a']])
  })

  test('gives a thing once when it is put twice for the same time', () => {
    const { heap, put } = scene()
    for (const of of ['a', 'a', 'b']) put(of, 5)
    expect(heap.due(5, 2)).toEqual(['a', 'b'])
  })

  test('drops things that were called off, so that the waiting things bound its size', () => {
    const { waiting, heap, put } = scene()
    put('first', 0)
    for (let n = 0; n < 100_000; n++) {
      put(`j${n}`, 1_000 + n)
      if (n >= 3_000) waiting.delete(`j${n - 3_000}`)
    }
    expect(waiting.size).toBe(3_001)
    expect(heap.held).toBeLessThanOrEqual(2 * 3_001)
    expect(heap.take(Number.POSITIVE_INFINITY)).toEqual([...waiting.keys()])
    expect(heap.held).toBe(0)
  })
})
