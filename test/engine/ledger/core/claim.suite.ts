import { describe, expect, test } from 'vitest'
import type { NewJob } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import type { SyncRequest } from '../../../../src/engine/ledger/protocol/sync.ts'
import {
  completed,
  failed,
  heartbeatOf,
  leaseMs,
  type Rig,
  riggedBy,
  settlementOf,
  snoozed,
  type WithStore,
} from '../rig.ts'

export function claimSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)

  describe('claim', () => {
    test('gives out a job under a lease of its own and counts the attempt', () =>
      rigged((rig) => {
        const id = rig.enqueue({ tags: ['t'], priority: 7 })
        const claimed = rig.claim({ runner: 'r9', seq: 4 })
        const expected = {
          id,
          task: 'send',
          input: '{"n":1}',
          attempt: 1,
          maxAttempts: 3,
          priority: 7,
          tags: ['t'],
          leaseMs,
        }
        expect(claimed).toMatchObject(expected)
        expect(claimed.lease).toMatch(/^r9\.4\.[0-9a-z]+$/)
        expect(rig.row(id)).toMatchObject({
          state: 'running',
          attempt: 1,
          lease: claimed.lease,
          leaseUntil: rig.now + leaseMs,
        })
        expect(rig.broken()).toEqual([])
      }))

    test.each<[what: string, more: Partial<SyncRequest>, ids: number, because: string]>([
      ['wants none', { want: 0 }, 0, 'it asked for none'],
      ['wants less than none', { want: -1 }, 0, 'a negative number means none'],
      ['wants two', { want: 2 }, 2, 'it gets as many as it wants'],
      ['wants more than there are', { want: 9 }, 3, 'there are only three'],
      ['is done', { want: 9, done: true }, 0, 'it leaves and would run none'],
      ['knows another task', { want: 9, tasks: { draw: 1_000 } }, 0, 'two versions run during a deploy'],
      ['knows no task', { want: 9, tasks: {} }, 0, 'it could run none'],
      ['has just enough time', { want: 9, remainingMs: 27_000 }, 3, 'timeout and settling just fit'],
      ['has too little time', { want: 9, remainingMs: 26_999 }, 0, 'the attempt would be cut off'],
    ])('gives a runner that %s (%j) %i of three jobs, because %s', (_, more, ids) =>
      rigged((rig) => {
        rig.enqueueAll([rig.job(), rig.job(), rig.job()])
        expect(rig.sync(more).claimed).toHaveLength(ids)
        expect(rig.core.memory.counts.total()).toMatchObject({ running: ids, queued: 3 - ids })
      }),
    )

    test('gives a runner that lacks the time for one task a job of another task', () =>
      rigged((rig) => {
        rig.enqueue({ task: 'draw' })
        const short = rig.enqueue()
        const { claimed } = rig.sync({ want: 9, tasks: { draw: 60_000, send: 1_000 }, remainingMs: 10_000 })
        expect(claimed.map(({ id }) => id)).toEqual([short])
      }))

    test('is bounded by the bytes of its answer, and the next claim gives out the rest', () =>
      rigged((rig) => {
        const input = JSON.stringify('x'.repeat(500_000))
        rig.enqueueAll(Array.from({ length: 10 }, () => rig.job({ input })))
        expect(rig.sync({ want: 100 }).claimed).toHaveLength(8)
        expect(rig.sync({ seq: 2, ack: 0, want: 100 }).claimed).toHaveLength(2)
      }))

    test('serves the highest priority first and then the oldest job, even when an urgent job comes late', () =>
      rigged((rig) => {
        const ids = ([{}, { priority: -1 }, { priority: 5 }, {}] satisfies Partial<NewJob>[]).map((more) => {
          rig.pass(1)
          return rig.enqueue(more)
        })
        const order = rig.sync({ want: 4 }).claimed.map(({ id }) => ids.indexOf(id))
        expect(order).toEqual([2, 0, 3, 1])
      }))

    test('writes one row for each job', () =>
      rigged((rig) => {
        rig.enqueueAll([rig.job(), rig.job(), rig.job()])
        const before = rig.rowsWritten
        rig.sync({ want: 3 })
        expect(rig.rowsWritten - before).toBe(3)
      }))

    test('gives out a job that has fallen due although no alarm has rung', () =>
      rigged((rig) => {
        const id = rig.enqueue({ delayMs: 1_000 })
        expect(rig.sync({ want: 1 }).claimed).toEqual([])
        rig.pass(1_000)
        expect(rig.claim({ seq: 2 })).toMatchObject({ id })
      }))

    test('gives out nothing early and loses nothing when the clock steps back', () =>
      rigged((rig) => {
        const id = rig.enqueue({ delayMs: 1_000 })
        rig.pass(1_000)
        rig.core.load(rig.now)
        rig.pass(-500)
        expect(rig.sync({ want: 1 }).claimed).toEqual([])
        expect(rig.broken()).toEqual([])
        rig.pass(500)
        expect(rig.claim({ seq: 2 })).toMatchObject({ id })
      }))
  })

  describe('a solo job', () => {
    /** Makes a job that must run alone, because two of its attempts have lapsed. */
    const poison = (rig: Rig): string => {
      const id = rig.enqueue({ maxAttempts: 9 })
      for (const runner of ['a', 'b']) {
        rig.claim({ runner })
        rig.sync({ runner, seq: 2, ack: 1, heartbeats: [heartbeatOf(rig.row(id) as never)] }, true)
        rig.pass(leaseMs)
        rig.ring()
        rig.pass(1_000)
        rig.ring()
      }
      return id
    }

    test('is given to a fresh runner first, and alone', () =>
      rigged((rig) => {
        const id = poison(rig)
        rig.enqueueAll([rig.job({ priority: 9 }), rig.job()])
        expect(rig.sync({ runner: 'fresh', want: 9 }).claimed).toMatchObject([{ id, solo: true }])
      }))

    test('is not given to a runner that holds another job', () =>
      rigged((rig) => {
        poison(rig)
        rig.enqueue()
        const heartbeats = [heartbeatOf(rig.claim({ runner: 'busy', seq: 2, ack: 0 }))]
        expect(rig.sync({ runner: 'busy', seq: 3, heartbeats, want: 9 }).claimed).toEqual([])
      }))

    test('is given to a runner that is no longer fresh only when nothing else is ready', () =>
      rigged((rig) => {
        const id = poison(rig)
        const plain = rig.enqueue()
        const used = (seq: number) =>
          rig.sync({ runner: 'used', seq, ack: 0, want: 9 }, true).claimed.map((job) => job.id)
        expect(used(2)).toEqual([plain])
        expect(used(3)).toEqual([id])
      }))

    test('is given out alone after a restart too', () =>
      rigged((rig) => {
        const id = poison(rig)
        rig.enqueue()
        rig.restart()
        expect(rig.sync({ runner: 'fresh', want: 9 }).claimed).toMatchObject([{ id, solo: true }])
      }))
  })

  describe('a repeated sync', () => {
    test.each([
      { how: 'at once', between: (_: Rig) => {} },
      { how: 'after a restart', between: (rig: Rig) => rig.restart() },
      { how: 'after the alarm has rung', between: (rig: Rig) => rig.ring() },
    ])('gets the same claims as the first time, $how', ({ between }) =>
      rigged((rig) => {
        rig.enqueueAll([rig.job(), rig.job(), rig.job()])
        const first = rig.sync({ seq: 1, want: 2 })
        between(rig)
        const second = rig.sync({ seq: 1, want: 2 })
        expect(second.claimed).toEqual(first.claimed)
        expect(rig.core.memory.counts.total()).toMatchObject({ running: 2, queued: 1 })
        expect(rig.broken()).toEqual([])
      }),
    )

    test('settles nothing twice and loses no lease', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const claimed = rig.claim()
        const settle = [settlementOf(claimed, failed)]
        expect(rig.sync({ seq: 2, settle })).toMatchObject({ lost: [] })
        expect(rig.sync({ seq: 2, settle })).toMatchObject({ lost: [] })
        expect(rig.record(id)).toMatchObject({ state: 'retrying', attempt: 1, history: [{ attempt: 1 }] })
      }))

    test('that is older than the newest sync claims nothing', () =>
      rigged((rig) => {
        rig.enqueueAll([rig.job(), rig.job()])
        rig.sync({ seq: 2, ack: 0, want: 1 })
        expect(rig.sync({ seq: 1, ack: 0, want: 1 }).claimed).toEqual([])
        expect(rig.core.memory.counts.total()).toMatchObject({ running: 1, queued: 1 })
      }))

    test('that is older than the newest sync still settles', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        rig.enqueue()
        const claimed = rig.claim()
        rig.sync({ seq: 3, ack: 1, heartbeats: [heartbeatOf(claimed)] })
        rig.sync({ seq: 2, ack: 1, settle: [settlementOf(claimed, completed)] })
        expect(rig.state(id)).toBe('completed')
      }))
  })

  describe('a claim whose answer was lost', () => {
    test('is refunded with its attempt once the runner has given up on the answer', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        rig.claim({ seq: 1 })
        rig.sync({ seq: 2, ack: 1 })
        expect(rig.row(id)).toMatchObject({ state: 'retrying', dueAt: rig.now, attempt: 0, refunds: 1, history: null })
        expect(rig.broken()).toEqual([])
        expect(rig.claim({ runner: 'r2' })).toMatchObject({ id, attempt: 1 })
      }))

    test.each<[what: string, more: (rig: Rig, claimed: { id: string; lease: string }) => Partial<SyncRequest>]>([
      ['while the answer may still come', () => ({ seq: 2, ack: 0 })],
      ['while its runner holds the job', (_, claimed) => ({ seq: 2, ack: 1, heartbeats: [heartbeatOf(claimed)] })],
      ['by the sync of another runner', () => ({ runner: 'r2', seq: 9, ack: 8 })],
    ])('is not refunded %s', (_, more) =>
      rigged((rig) => {
        const id = rig.enqueue()
        const claimed = rig.claim({ seq: 1 })
        rig.sync(more(rig, claimed), true)
        expect(rig.row(id)).toMatchObject({ state: 'running', lease: claimed.lease, refunds: 0 })
      }),
    )

    test('is not refunded when the same sync settles it', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const claimed = rig.claim({ seq: 1 })
        rig.sync({ seq: 2, ack: 1, settle: [settlementOf(claimed, snoozed)] })
        expect(rig.row(id)).toMatchObject({ state: 'scheduled', refunds: 0 })
      }))

    test('is refunded three times and then counts as a lapse', () =>
      rigged((rig) => {
        const id = rig.enqueue({ maxAttempts: 9 })
        const after = [1, 2, 3, 4, 5].map((nth) => {
          rig.pass(1_000)
          rig.claim({ runner: `r${nth}` })
          rig.sync({ runner: `r${nth}`, seq: 2, ack: 1 })
          return rig.row(id)
        })
        expect(after.map(({ attempt, refunds, lapses }) => [attempt, refunds, lapses])).toEqual([
          [0, 1, 0],
          [0, 2, 0],
          [0, 3, 0],
          [1, 3, 1],
          [2, 3, 2],
        ])
      }))

    test('is cancelled and not refunded when a cancellation was requested', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        rig.claim()
        rig.run('cancel', id)
        rig.sync({ seq: 2, ack: 1 })
        expect(rig.state(id)).toBe('cancelled')
      }))
  })
}
