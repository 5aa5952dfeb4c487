import { expect, test } from 'vitest'
import { writingPredicates } from './predicates.ts'

test.each<[source: string, writes: string[], because: string]>([
  ['function isOld(at) { return at > 5 }', [], 'it only compares'],
  ['function isOld(state) { state.at = 5; return true }', ['isOld: state.at = 5'], 'it assigns to what it was given'],
  ['function isOld() { count++; return true }', ['isOld: count++'], 'it counts in a variable of others'],
  ['function isOld(all) { all.delete(1); return true }', ['isOld: all.delete(1)'], 'it removes from what it was given'],
  ['function isOld() { const own = new Map(); own.set(1, 2); return own.size > 0 }', [], 'the map is its own'],
  ['class A { isOld() { this.#at = 5; return true } }', ['isOld: this.#at = 5'], 'it assigns to its object'],
  [
    'class A { get isOld() { this.#all.push(1); return true } }',
    ['isOld: this.#all.push(1)'],
    'a getter is a predicate too',
  ],
  ['class A { #isOld() { park(this); return true } }', ['#isOld: park(this)'], 'a private method is one too'],
  ['const isOld = (job) => expire(job) && settle(job)', ['isOld: settle(job)'], 'an arrow function is one too'],
  ['function park(all) { all.push(1) }', [], 'a command may write'],
])('in %j predicates write %j, because %s', (source, writes) => {
  expect(writingPredicates('source.ts', source)).toEqual(writes)
})
