import { describe, expect, test } from 'vitest'
import { ReadyIndex, type Want } from '../../../../src/engine/ledger/memory/ready-index.ts'
import { admission, ids, type Rooms, ready, want } from './ready-jobs.ts'

/** An index with jobs named by task, partition and number: `send/p/0`. */
function indexOf(jobs: Readonly<Record<string, number>>): ReadyIndex {
  const index = new ReadyIndex()
  for (const [lane, count] of Object.entries(jobs)) {
    const [task = '', partition = ''] = lane.split('/')
    for (let n = 0; n < count; n++) index.add(ready(`${lane}/${n}`, { task, partition, readyAt: n }))
  }
  return index
}

/** Claims jobs and removes them, as jobs that have started. Returns their ids. */
function start(index: ReadyIndex, more: Parameters<typeof want>[0]): string[] {
  const taken = ids(index.next(want(more)).jobs)
  for (const id of taken) index.remove(id)
  return taken
}

/** An admission that counts the calls of its functions. */
function counting(rooms: Rooms = {}) {
  const calls = { room: 0, roomOf: 0, accepts: 0 }
  const inner = admission(rooms)
  const counted: Pick<Want, 'admission' | 'accepts'> = {
    accepts: () => ++calls.accepts > 0,
    admission: {
      room: (task) => ++calls.room && inner.room(task),
      roomOf: (task, partition) => ++calls.roomOf && inner.roomOf(task, partition),
      take: inner.take,
    },
  }
  return { calls, counted }
}

describe('turns', () => {
  test.each<[jobs: Record<string, number>, count: number, taken: string[], because: string]>([
    [{ 'send/p': 3 }, 2, ['send/p/0', 'send/p/1'], 'a single partition has every turn, and gives its oldest job first'],
    [{ 'send/p': 3, 'send/q': 1 }, 3, ['send/p/0', 'send/q/0', 'send/p/1'], 'partitions of a task take turns'],
    [{ send: 3, draw: 1 }, 3, ['send//0', 'draw//0', 'send//1'], 'tasks take turns'],
    [
      { 'send/p': 9, 'send/q': 9, 'draw/p': 9 },
      4,
      ['send/p/0', 'draw/p/0', 'send/q/0', 'draw/p/1'],
      'a task with more partitions has no more turns than another',
    ],
  ])('of %j give a claim of %i jobs %j, because %s', (jobs, count, taken) => {
    const named = Object.fromEntries(
      Object.entries(jobs).map(([lane, n]) => [lane.includes('/') ? lane : `${lane}/`, n]),
    )
    expect(ids(indexOf(named).next(want({ count })).jobs)).toEqual(taken)
  })

  test.each([1, 2, 3, 7])('continue where the last claim ended, with claims of %i jobs', (count) => {
    const index = indexOf({ 'send/p': 6, 'send/q': 6, 'send/r': 6 })
    const taken: string[] = []
    while (index.size > 0) taken.push(...start(index, { count }))
    const order = ['p', 'q', 'r']
    expect(taken).toEqual(Array.from({ length: 18 }, (_, n) => `send/${order[n % 3]}/${Math.floor(n / 3)}`))
  })

  test('let ten jobs of one partition start beside a hundred thousand jobs of another one', () => {
    const index = indexOf({ 'send/large': 100_000 })
    start(index, { count: 250 })
    for (let n = 0; n < 10; n++) index.add(ready(`send/small/${n}`, { partition: 'small', readyAt: 999_999 }))
    const taken = start(index, { count: 20 })
    expect(taken.filter((id) => id.startsWith('send/small'))).toHaveLength(10)
  })

  test('let ten jobs of one task start beside a hundred thousand jobs of another one', () => {
    const index = indexOf({ 'send/': 100_000 })
    for (let n = 0; n < 10; n++) index.add(ready(`draw/${n}`, { task: 'draw', readyAt: 999_999 }))
    expect(start(index, { count: 20 }).filter((id) => id.startsWith('draw'))).toHaveLength(10)
  })

  test('let a job of a higher priority overtake every waiting job, whichever partition has the turn', () => {
    const index = indexOf({ 'send/p': 1_000, 'draw/q': 1_000 })
    start(index, { count: 7 })
    index.add(ready('urgent', { partition: 'p', priority: 1, readyAt: 9_999 }))
    expect(start(index, { count: 1 })).toEqual(['urgent'])
  })

  test('pass to the next lower priority once a claim can take no more of the higher one', () => {
    const index = new ReadyIndex()
    index.add(ready('high', { priority: 1 }))
    index.add(ready('shut', { priority: 1, partition: 'p' }))
    index.add(ready('low'))
    expect(start(index, { rooms: { 'send p': 0 } })).toEqual(['high', 'low'])
  })
})

describe('a claim under limits', () => {
  test.each<[rooms: Rooms, taken: string[], full: string[], because: string]>([
    [{ send: 0 }, ['draw/p/0', 'draw/p/1'], [], 'a task without room is skipped, and its partitions are not reported'],
    [{ send: 1 }, ['send/p/0', 'draw/p/0', 'draw/p/1'], [], 'the claim itself uses the room up'],
    [
      { 'send p': 0 },
      ['send/q/0', 'draw/p/0', 'send/q/1', 'draw/p/1'],
      ['p'],
      'a full partition does not delay others',
    ],
    [
      { 'send p': 1 },
      ['send/p/0', 'draw/p/0', 'send/q/0', 'draw/p/1', 'send/q/1'],
      ['p'],
      'a partition that becomes full during the claim is reported too',
    ],
    [{ 'send p': 0, 'send q': 0 }, ['draw/p/0', 'draw/p/1'], ['p', 'q'], 'every full partition is reported'],
  ])('with room %j takes %j and reports %j as full, because %s', (rooms, taken, full) => {
    const { jobs, full: reported } = indexOf({ 'send/p': 2, 'send/q': 2, 'draw/p': 2 }).next(want({ rooms }))
    expect(ids(jobs)).toEqual(taken)
    expect(reported.map(({ partition }) => partition)).toEqual(full)
  })

  test('does not look at a parked partition, which has the last turn once it is unparked', () => {
    const index = indexOf({ 'send/p': 3, 'send/q': 3, 'send/r': 3 })
    for (const lane of index.next(want({ rooms: { 'send p': 0 } })).full) index.park(lane)
    const { calls, counted } = counting()
    expect(ids(index.next({ ...want({ count: 2 }), ...counted }).jobs)).toEqual(['send/q/0', 'send/r/0'])
    expect(calls.roomOf).toBe(2)
    index.unpark('send', 'p')
    expect(ids(index.next(want({ count: 4 })).jobs)).toEqual(['send/q/0', 'send/r/0', 'send/p/0', 'send/q/1'])
  })

  test('does not find a new job of a parked partition, and finds one of another priority full only once', () => {
    const index = indexOf({ 'send/p': 1 })
    const noRoom = { 'send p': 0 }
    for (const lane of index.next(want({ rooms: noRoom })).full) index.park(lane)
    index.add(ready('late', { partition: 'p', readyAt: 9 }))
    expect(index.next(want({ rooms: noRoom }))).toEqual({ jobs: [], full: [] })
    index.add(ready('urgent', { partition: 'p', priority: 1 }))
    for (const lane of index.next(want({ rooms: noRoom })).full) index.park(lane)
    expect(index.next(want({ rooms: noRoom }))).toEqual({ jobs: [], full: [] })
    index.unpark('send', 'p')
    expect(ids(index.next(want()).jobs)).toEqual(['urgent', 'send/p/0', 'late'])
  })

  test('reports a partition that can be parked even when it has emptied and filled again since then', () => {
    const index = indexOf({ 'send/p': 1, 'send/q': 1 })
    const { full } = index.next(want({ rooms: { 'send p': 1 } }))
    index.remove('send/p/0')
    index.add(ready('next', { partition: 'p' }))
    for (const lane of full) index.park(lane)
    expect(ids(index.next(want()).jobs)).toEqual(['send/q/0'])
    index.unpark('send', 'p')
    expect(ids(index.next(want()).jobs)).toEqual(['send/q/0', 'next'])
  })

  test('looks at every partition after unparkAll, and an unparked partition keeps its turn', () => {
    const index = indexOf({ 'send/p': 1, 'send/q': 1, 'draw/p': 1 })
    for (const lane of index.next(want({ rooms: { 'send p': 0, 'draw p': 0 } })).full) index.park(lane)
    index.unpark('send', 'q')
    index.unparkAll()
    expect(ids(index.next(want()).jobs)).toEqual(['send/q/0', 'draw/p/0', 'send/p/0'])
  })
})

describe('the number of available jobs', () => {
  test.each<[rooms: Rooms, max: number, count: number, full: string[], held: string[], because: string]>([
    [{}, 100, 7, [], [], 'no limit holds'],
    [{}, 3, 3, [], [], 'the count ends at its maximum'],
    [{ send: 0 }, 100, 2, [], ['send '], 'a task without room is held with all its partitions'],
    [{ send: 2 }, 100, 4, [], [], 'a task gives no more than its room, however many jobs and partitions wait'],
    [{ 'send p': 0 }, 100, 5, ['send p'], [], 'a partition without room is full'],
    [{ 'send p': 1 }, 100, 6, [], [], 'a partition gives no more than its room'],
    [
      { 'draw p': 0, 'send p': 0, 'send q': 0 },
      100,
      1,
      ['send p', 'send q'],
      ['draw p'],
      'the partition of a solo job is held when it has no room',
    ],
    [{ draw: 0 }, 100, 5, [], ['draw '], 'the task of a solo job is held when it has no room'],
  ])('with room %j, up to %i, is %i, with %j full and %j held, because %s', (rooms, max, count, full, held) => {
    const index = indexOf({ 'send/p': 2, 'send/q': 3 })
    index.add(ready('solo', { task: 'draw', partition: 'p', solo: true }))
    index.add(ready('plain', { task: 'draw', partition: 'q' }))
    const found = index.available(want({ rooms }), max)
    const named = (groups: readonly { task: string; partition: string }[]) => [
      ...new Set(groups.map(({ task, partition }) => `${task} ${partition}`)),
    ]
    expect([found.count, named(found.full), named(found.held)]).toEqual([count, full, held])
  })

  test('is not larger when jobs wait at several priorities, because they share the room', () => {
    const index = new ReadyIndex()
    for (const priority of [0, 1, 2]) index.add(ready(`j${priority}`, { priority, partition: 'p' }))
    expect(index.available(want({ rooms: { send: 1 } }), 100).count).toBe(1)
    expect(index.available(want({ rooms: { 'send p': 2 } }), 100)).toMatchObject({ count: 2, full: [] })
  })
})

describe('a hundred thousand jobs', () => {
  test.each([1, 10, 10_000])('in %i partitions are claimed without a search', (partitions) => {
    const index = new ReadyIndex()
    for (let n = 0; n < 100_000; n++)
      index.add(ready(`j${String(n).padStart(6, '0')}`, { readyAt: n, partition: `p${n % partitions}` }))
    const { calls, counted } = counting()
    const taken: string[] = []
    while (index.size > 0) {
      const claimed = ids(index.next({ ...want({ count: 500 }), ...counted }).jobs)
      for (const id of claimed) index.remove(id)
      taken.push(...claimed)
    }
    expect(taken).toEqual([...taken].sort())
    expect(calls).toEqual({ accepts: 200, room: 100_000, roomOf: 100_000 })
  })

  test('in ten thousand full partitions cost one look at each partition, and then none', () => {
    const index = new ReadyIndex()
    for (let n = 0; n < 100_000; n++) index.add(ready(`j${n}`, { readyAt: n, partition: `p${n % 10_000}` }))
    index.add(ready('free', { readyAt: 100_000 }))
    const noRoom = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`send p${n}`, 0]))
    const looks = () => {
      const { calls, counted } = counting(noRoom)
      const { jobs, full } = index.next({ ...want({ count: 500 }), ...counted })
      for (const lane of full) index.park(lane)
      return { taken: ids(jobs), looks: calls.roomOf }
    }
    expect(looks()).toEqual({ taken: ['free'], looks: 10_002 })
    expect(looks()).toEqual({ taken: ['free'], looks: 2 })
    const { calls, counted } = counting(noRoom)
    expect([index.available(counted, 1_000).count, calls.roomOf]).toEqual([1, 1])
  })
})
