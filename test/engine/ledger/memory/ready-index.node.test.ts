import { queryObjects } from 'node:v8'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Lane } from '../../../../src/engine/ledger/memory/lane.ts'
import { ReadyIndex, type ReadyJob } from '../../../../src/engine/ledger/memory/ready-index.ts'
import { ReadyModel } from './ready-index-model.ts'
import { admission, ids, ready, want } from './ready-jobs.ts'

const tasks = ['send', 'draw', 'count'] as const
const partitions = ['', 'p', 'q', 'r'] as const
const groups = tasks.flatMap((task) => [task, ...partitions.slice(1).map((partition) => `${task} ${partition}`)])

const anyId = fc.nat(40).map((n) => `j${String(n).padStart(2, '0')}`)
const anyJob: fc.Arbitrary<ReadyJob> = fc.record({
  id: anyId,
  task: fc.constantFrom(...tasks),
  partition: fc.constantFrom(...partitions),
  priority: fc.integer({ min: -1, max: 1 }),
  readyAt: fc.nat(5),
  expiresAt: fc.option(fc.nat(9), { nil: undefined }),
  bytes: fc.nat(50),
  solo: fc.integer({ min: 0, max: 5 }).map((n) => n === 0),
  due: fc.boolean(),
})
const anyRooms = fc.dictionary(fc.constantFrom(...groups), fc.nat(3), { maxKeys: 6 })
const anyWant = fc.record({
  accepted: fc.subarray([...tasks], { minLength: 1 }),
  rooms: anyRooms,
  count: fc.nat(30),
  bytesMax: fc.oneof(fc.constant(1_000_000), fc.nat(300)),
  skipped: fc.array(anyId, { maxLength: 4 }),
})
const anyStep = fc.oneof(
  { weight: 8, arbitrary: fc.record({ verb: fc.constant('add' as const), job: anyJob }) },
  { weight: 3, arbitrary: fc.record({ verb: fc.constant('remove' as const), id: anyId }) },
  { weight: 1, arbitrary: fc.record({ verb: fc.constant('tag' as const), id: anyId }) },
  {
    weight: 4,
    arbitrary: fc.record({
      verb: fc.constant('next' as const),
      want: anyWant,
      starts: fc.boolean(),
      meanwhile: fc.array(anyJob, { maxLength: 2 }),
      parks: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      verb: fc.constant('unpark' as const),
      task: fc.constantFrom(...tasks),
      partition: fc.constantFrom(...partitions),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ verb: 'unparkAll' as const }) },
  { weight: 2, arbitrary: fc.record({ verb: fc.constant('expired' as const), now: fc.nat(9), max: fc.nat(6) }) },
)
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

/** Takes one step on the index and on the model, and compares their answers. */
function take(index: ReadyIndex, model: ReadyModel, step: Step): void {
  const both = [index, model]
  if (step.verb === 'add') for (const one of both) one.add(step.job)
  if (step.verb === 'remove') for (const one of both) one.remove(step.id)
  if (step.verb === 'tag') for (const one of both) one.tag(step.id)
  if (step.verb === 'unpark') for (const one of both) one.unpark(step.task, step.partition)
  if (step.verb === 'unparkAll') for (const one of both) one.unparkAll()
  if (step.verb === 'expired') {
    const over = model.jobs.filter(({ expiresAt = Number.POSITIVE_INFINITY }) => expiresAt <= step.now)
    const found = index.expired(step.now, step.max)
    expect(found).toHaveLength(Math.min(step.max, over.length))
    expect(new Set(found).size).toBe(found.length)
    expect(ids(over)).toEqual(expect.arrayContaining(found))
  }
  if (step.verb !== 'next') return
  const { accepted, rooms, skipped, ...bounds } = step.want
  const accepts = (task: string) => accepted.includes(task as never)
  const skips = (id: string) => skipped.includes(id)
  const wanted = () => ({ ...bounds, accepts, skips, admission: admission(rooms) })
  expect(index.nextSolo(wanted())?.id).toBe(model.nextSolo(wanted()))
  const startable = model.available(wanted())
  const available = index.available(wanted(), step.want.count)
  expect(available.count).toBe(Math.min(step.want.count, startable))
  const { room, roomOf } = admission(rooms)
  for (const { task, partition } of available.full) expect(roomOf(task, partition)).toBeLessThan(1)
  for (const { task, partition } of available.held)
    expect(Math.min(room(task), roomOf(task, partition))).toBeLessThan(1)
  const { jobs, full } = index.next(wanted())
  const expected = model.next(wanted())
  expect(ids(jobs)).toEqual(expected.jobs)
  expect(full.map(({ priority, task, partition }) => ({ priority, task, partition }))).toEqual(expected.full)
  for (const one of both) {
    if (step.starts) for (const id of expected.jobs) one.remove(id)
    for (const job of step.meanwhile) one.add(job)
  }
  if (!step.parks) return
  for (const lane of full) index.park(lane)
  for (const lane of expected.full) model.park(lane)
}

describe('the ready index', () => {
  test('agrees with a model that searches lists, after any additions, removals, claims, parkings and deadlines', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 120 }), (steps) => {
        const index = new ReadyIndex()
        const model = new ReadyModel()
        for (const step of steps) {
          take(index, model, step)
          expect(index.size).toBe(model.jobs.length)
          expect(index.soloSize).toBe(model.jobs.filter(({ solo }) => solo).length)
          expect(ids(index.values()).sort()).toEqual(ids(model.jobs).sort())
          expect(index.oldestReadyAt()).toBe(model.jobs.map(({ readyAt }) => readyAt).sort((a, b) => a - b)[0])
          const deadlines = model.jobs.flatMap(({ expiresAt }) => expiresAt ?? [])
          expect(index.nextExpiryAt()).toBe(deadlines.sort((a, b) => a - b)[0])
          for (const job of index.values()) {
            expect(job.due).toBe(model.jobs.find(({ id }) => id === job.id)?.due)
            expect(index.laneSize(job)).toBe(model.lane(job).length)
          }
        }
      }),
      { numRuns: 400 },
    )
  })

  test('gives every job exactly once to claims of any size, the highest priority first', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(anyJob, { selector: ({ id }) => id }),
        fc.integer({ min: 1, max: 5 }),
        (jobs, count) => {
          const plain = jobs.map((job) => ({ ...job, solo: false }))
          const index = new ReadyIndex()
          for (const job of plain) index.add(job)
          const claimed: ReadyJob[] = []
          for (
            let taken = index.next(want({ count })).jobs;
            taken.length > 0;
            taken = index.next(want({ count })).jobs
          ) {
            claimed.push(...taken)
            for (const { id } of taken) index.remove(id)
          }
          expect(ids(claimed).sort()).toEqual(ids(plain).sort())
          const priorities = claimed.map(({ priority }) => priority)
          expect(priorities).toEqual([...priorities].sort((a, b) => b - a))
        },
      ),
    )
  })

  test('removes no job that it gives to a claim, because the claim may roll back', () => {
    const index = new ReadyIndex()
    index.add(ready('a'))
    expect(ids(index.next(want()).jobs)).toEqual(['a'])
    expect(ids(index.next(want()).jobs)).toEqual(['a'])
  })

  test('ignores the second addition of a job', () => {
    const index = new ReadyIndex()
    index.add(ready('a', { priority: 1 }))
    index.add(ready('a', { priority: 9 }))
    expect([...index.values()]).toMatchObject([{ id: 'a', priority: 1 }])
  })

  test('lets no job that nobody can run delay another one, whatever its priority', () => {
    const index = new ReadyIndex()
    for (let n = 0; n < 5_000; n++) index.add(ready(`u${n}`, { task: 'unknown', priority: 1_000 }))
    index.add(ready('a', { readyAt: 9, priority: -1_000 }))
    expect(ids(index.next(want({ accepts: (task) => task === 'send', count: 1 })).jobs)).toEqual(['a'])
  })

  test('keeps a job that a claim skips, and gives the claim the others', () => {
    const index = new ReadyIndex()
    for (const id of ['a', 'b', 'c']) index.add(ready(id))
    expect(ids(index.next(want({ skips: (id) => id === 'a', count: 1 })).jobs)).toEqual(['b'])
    expect(ids(index.next(want({ skips: () => true })).jobs)).toEqual([])
    expect(ids(index.next(want()).jobs)).toEqual(['a', 'b', 'c'])
  })

  test.each<[sizes: number[], bytesMax: number, taken: number, because: string]>([
    [[10, 10, 10], 30, 3, 'the jobs fit together'],
    [[10, 10, 10], 29, 2, 'the third job is one byte too large'],
    [[10, 10, 10], 0, 1, 'one job is taken whatever its size'],
    [[99, 1], 50, 1, 'a large job is never stuck'],
    [[1, 99, 1], 50, 1, 'no job overtakes the large one'],
    [[], 50, 0, 'there is no job'],
  ])('with jobs of %j bytes gives a claim of at most %i bytes %i jobs, because %s', (sizes, bytesMax, taken) => {
    const index = new ReadyIndex()
    for (const [n, bytes] of sizes.entries()) index.add(ready(`j${n}`, { bytes }))
    expect(index.next(want({ bytesMax })).jobs).toHaveLength(taken)
  })

  test('gives the solo job that has waited longest, and no solo job to a claim of several jobs', () => {
    const index = new ReadyIndex()
    index.add(ready('b', { solo: true, readyAt: 5, partition: 'p' }))
    index.add(ready('a', { solo: true, readyAt: 3, partition: 'q' }))
    index.add(ready('c', { solo: true, readyAt: 1, task: 'draw' }))
    const solo = (more: Parameters<typeof want>[0]) => index.nextSolo(want(more))?.id
    expect(index.next(want()).jobs).toEqual([])
    expect(solo({ accepts: (task) => task === 'send' })).toBe('a')
    expect(solo({ accepts: () => false })).toBeUndefined()
    expect(solo({ skips: (id) => id === 'c' })).toBe('a')
    expect(solo({ rooms: { draw: 0, 'send q': 0 } })).toBe('b')
    expect(solo({ rooms: { draw: 0, send: 0 } })).toBeUndefined()
  })

  test('holds no lane and asks for no task once every job is removed, those of parked lanes included', () => {
    const index = new ReadyIndex()
    const lanes = () => queryObjects(Lane, { format: 'count' })
    const before = lanes()
    // In a function of its own, so that no lane stays on the stack.
    const fill = () => {
      const jobs = Array.from({ length: 300 }, (_, n) => {
        const group = { partition: `p${n % 30}`, task: `t${n % 7}`, priority: n % 3 }
        return ready(`j${n}`, { ...group, expiresAt: n, solo: n % 11 === 0 })
      })
      for (const job of jobs) index.add(job)
      const rooms = Object.fromEntries(jobs.map(({ task, partition }) => [`${task} ${partition}`, 0]))
      const { full } = index.next(want({ rooms }))
      for (const lane of full.filter((_, n) => n % 2 === 0)) index.park(lane)
      return [ids(jobs), full.length] as const
    }
    const [all, laneCount] = fill()
    expect(laneCount).toBeGreaterThan(100)
    expect(lanes()).toBe(before + laneCount)
    for (const id of all) index.remove(id)
    index.unparkAll()
    const asked: string[] = []
    const accepts = (task: string) => asked.push(task) > 0
    expect(index.next(want({ accepts }))).toEqual({ jobs: [], full: [] })
    expect(index.available(want({ accepts }), 9)).toEqual({ count: 0, full: [], held: [] })
    expect(asked).toEqual([])
    expect([index.size, index.soloSize, index.oldestReadyAt(), index.nextExpiryAt()]).toEqual([
      0,
      0,
      undefined,
      undefined,
    ])
    expect(lanes()).toBe(before)
  })
})
