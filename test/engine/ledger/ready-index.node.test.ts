import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ReadyIndex, type ReadyJob, type Want } from '../../../src/engine/ledger/ready-index.ts'

function ready(id: string, more: Partial<ReadyJob> = {}): ReadyJob {
  return { id, task: 'send', priority: 0, readyAt: 0, bytes: 1, solo: false, due: false, ...more }
}

const all: Want = { accepts: () => true, count: 1_000, bytesMax: 1_000_000 }
const ids = (jobs: Iterable<ReadyJob>) => [...jobs].map(({ id }) => id)

/** The same index as a list that is sorted whenever somebody asks. */
class Model {
  jobs: ReadyJob[] = []

  add(job: ReadyJob): void {
    if (!this.jobs.some(({ id }) => id === job.id)) this.jobs.push(job)
  }

  remove(id: string): void {
    this.jobs = this.jobs.filter((job) => job.id !== id)
  }

  tag(id: string): void {
    this.jobs = this.jobs.map((job) => (job.id === id ? { ...job, due: true } : job))
  }

  next({ accepts, count, bytesMax }: Want): string[] {
    const sorted = this.jobs
      .filter(({ task, solo }) => !solo && accepts(task))
      .sort((a, b) => b.priority - a.priority || byAge(a, b))
      .slice(0, count)
    const fitting = sorted.findIndex((_, index) => bytesOf(sorted.slice(0, index + 1)) > bytesMax)
    return ids(fitting === -1 ? sorted : sorted.slice(0, Math.max(1, fitting)))
  }

  nextSolo(accepts: Want['accepts']): string | undefined {
    return this.jobs.filter(({ task, solo }) => solo && accepts(task)).sort(byAge)[0]?.id
  }
}

function byAge(a: ReadyJob, b: ReadyJob): number {
  return a.readyAt - b.readyAt || (a.id < b.id ? -1 : 1)
}

function bytesOf(jobs: readonly ReadyJob[]): number {
  return jobs.reduce((sum, { bytes }) => sum + bytes, 0)
}

const anyId = fc.nat(40).map((n) => `j${String(n).padStart(2, '0')}`)
const anyTask = fc.constantFrom('send', 'draw', 'count')
const anyJob: fc.Arbitrary<ReadyJob> = fc.record({
  id: anyId,
  task: anyTask,
  priority: fc.integer({ min: -2, max: 2 }),
  readyAt: fc.nat(5),
  bytes: fc.nat(50),
  solo: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
  due: fc.boolean(),
})
const anyWant = fc.record({ tasks: fc.subarray(['send', 'draw', 'count']), count: fc.nat(50), bytesMax: fc.nat(300) })
const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ verb: fc.constant('add' as const), job: anyJob }) },
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('remove' as const), id: anyId }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('tag' as const), id: anyId }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('next' as const), want: anyWant }) },
)

describe('the ready index', () => {
  test('agrees with a sorted list after any additions, removals, tags and claims', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 150 }), (steps) => {
        const index = new ReadyIndex()
        const model = new Model()
        for (const step of steps) {
          if (step.verb === 'add') for (const one of [index, model]) one.add(step.job)
          if (step.verb === 'remove') for (const one of [index, model]) one.remove(step.id)
          if (step.verb === 'tag') for (const one of [index, model]) one.tag(step.id)
          if (step.verb === 'next') {
            const { tasks, ...bounds } = step.want
            const want = { ...bounds, accepts: (task: string) => tasks.includes(task as never) }
            expect(ids(index.next(want))).toEqual(model.next(want))
            expect(index.nextSolo(want.accepts)?.id).toBe(model.nextSolo(want.accepts))
          }
          expect(index.size).toBe(model.jobs.length)
          expect(index.soloSize).toBe(model.jobs.filter(({ solo }) => solo).length)
          expect(ids(index.values()).sort()).toEqual(ids(model.jobs).sort())
          expect(index.oldestReadyAt()).toBe(model.jobs.map(({ readyAt }) => readyAt).sort((a, b) => a - b)[0])
          for (const { id, due } of index.values()) expect(due).toBe(model.jobs.find((job) => job.id === id)?.due)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('is worked off in order by claims of any size', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyJob, { selector: ({ id }) => id }),
        fc.integer({ min: 1, max: 5 }),
        (jobs, count) => {
          const plain = jobs.map((job) => ({ ...job, solo: false }))
          const index = new ReadyIndex()
          for (const job of plain) index.add(job)
          const claimed: string[] = []
          for (let taken = index.next({ ...all, count }); taken.length > 0; taken = index.next({ ...all, count })) {
            claimed.push(...ids(taken))
            for (const { id } of taken) index.remove(id)
          }
          expect(claimed).toEqual(ids(plain.sort((a, b) => b.priority - a.priority || byAge(a, b))))
        },
      ),
    )
  })

  test('takes nothing out when it is asked: the claim may roll back', () => {
    const index = new ReadyIndex()
    index.add(ready('a'))
    expect(ids(index.next(all))).toEqual(['a'])
    expect(ids(index.next(all))).toEqual(['a'])
  })

  test('adds a job once, as it was first', () => {
    const index = new ReadyIndex()
    index.add(ready('a', { priority: 1 }))
    index.add(ready('a', { priority: 9 }))
    expect([...index.values()]).toMatchObject([{ id: 'a', priority: 1 }])
  })

  test('a job that nobody can run holds nobody up, whatever its priority', () => {
    const index = new ReadyIndex()
    for (let n = 0; n < 5_000; n++) index.add(ready(`u${n}`, { task: 'unknown', priority: 1_000 }))
    index.add(ready('a', { readyAt: 9, priority: -1_000 }))
    expect(ids(index.next({ ...all, accepts: (task) => task === 'send', count: 1 }))).toEqual(['a'])
  })

  test.each<[sizes: number[], bytesMax: number, taken: number, because: string]>([
    [[10, 10, 10], 30, 3, 'they fit together'],
    [[10, 10, 10], 29, 2, 'the third is one byte too many'],
    [[10, 10, 10], 0, 1, 'one is taken whatever its size'],
    [[99, 1], 50, 1, 'a large one is never stuck'],
    [[1, 99, 1], 50, 1, 'nobody overtakes the large one'],
    [[], 50, 0, 'there is none'],
  ])('of jobs of %j bytes, %i bytes take %i, because %s', (sizes, bytesMax, taken) => {
    const index = new ReadyIndex()
    for (const [n, bytes] of sizes.entries()) index.add(ready(`j${n}`, { bytes }))
    expect(index.next({ ...all, bytesMax })).toHaveLength(taken)
  })

  test('of jobs that must run alone, gives the one that has waited longest, and none to a claim of many', () => {
    const index = new ReadyIndex()
    index.add(ready('b', { solo: true, readyAt: 5 }))
    index.add(ready('a', { solo: true, readyAt: 3 }))
    index.add(ready('c', { solo: true, readyAt: 1, task: 'draw' }))
    expect(index.next(all)).toEqual([])
    expect(index.nextSolo((task) => task === 'send')?.id).toBe('a')
    expect(index.nextSolo(() => false)).toBeUndefined()
  })

  test('works a hundred thousand jobs off without searching', () => {
    const index = new ReadyIndex()
    const name = (n: number) => `j${String(n).padStart(6, '0')}`
    for (let n = 0; n < 100_000; n++) index.add(ready(name(n), { readyAt: n }))
    for (let n = 0; n < 100_000; n += 500) {
      const taken = index.next({ ...all, count: 500 })
      expect(taken[0]?.id).toBe(name(n))
      for (const { id } of taken) index.remove(id)
    }
    expect(index.size).toBe(0)
  })
})
