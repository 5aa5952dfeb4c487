import { describe, expect, test } from 'vitest'
import type { NewJob } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import type { BulkAction, BulkReply, JobFilter } from '../../../../src/engine/ledger/protocol/jobs.ts'
import { isFinal } from '../../../../src/engine/task/job.ts'
import {
  completed,
  failed,
  hourMs,
  minuteMs,
  type Rig,
  rejected,
  riggedBy,
  settlementOf,
  startOfTests,
  type WithStore,
} from '../rig.ts'

export function bulkSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)
  const begin = (rig: Rig, action: BulkAction, filter: JobFilter = {}, id = 'b1') =>
    rig.run('bulk', { id, action, filter })
  const progress = (rig: Rig, id = 'b1') => rig.run('bulkProgress', id) as BulkReply
  const many = (rig: Rig, count: number, more: Partial<NewJob> = {}) =>
    rig.enqueueAll(Array.from({ length: count }, () => rig.job(more)))
  const count = (rig: Rig, state: string) => rig.rows().filter((row) => row.state === state).length
  /** Makes this many failed jobs. */
  const makeFailed = (rig: Rig, jobs: number, more: Partial<NewJob> = {}) => {
    many(rig, jobs, more)
    for (let seq = 1, settle: ReturnType<typeof settlementOf>[] = []; seq === 1 || settle.length > 0; seq++)
      settle = rig
        .sync({ runner: `e${rig.now}`, seq, settle, want: 500 })
        .claimed.map((job) => settlementOf(job, rejected))
    rig.pass(1)
  }

  describe('a bulk action', () => {
    test.each<{ filter: JobFilter; changed: number; because: string }>([
      { filter: {}, changed: 6, because: 'six jobs have not ended' },
      { filter: { task: 'draw' }, changed: 1, because: 'one job is of that task' },
      { filter: { tag: 'red' }, changed: 2, because: 'two jobs have that tag' },
      { filter: { key: 'k' }, changed: 1, because: 'one job has that key' },
      { filter: { state: 'scheduled' }, changed: 1, because: 'one job is scheduled' },
      { filter: { state: 'running' }, changed: 1, because: 'one job runs and is asked to stop' },
      { filter: { state: 'completed' }, changed: 0, because: 'a job that has ended cannot be cancelled' },
      { filter: { tag: 'red', task: 'draw' }, changed: 0, because: 'no job meets both conditions' },
      { filter: { createdBefore: startOfTests + 20_000 }, changed: 5, because: 'one of the six was created later' },
      { filter: { createdFrom: startOfTests + 20_000 }, changed: 1, because: 'one job was created then' },
    ])('with action cancel and filter $filter changes $changed jobs, because $because', ({ filter, changed }) =>
      rigged((rig) => {
        rig.enqueue()
        rig.settle(rig.claim({ runner: 'a' }), completed)
        rig.enqueue()
        rig.claim({ runner: 'b' })
        rig.enqueue({ tags: ['red'] })
        rig.enqueue({ tags: ['blue', 'red'], key: 'k' })
        rig.enqueue({ task: 'draw' })
        rig.enqueue({ delayMs: hourMs })
        rig.now = startOfTests + 20_000
        rig.enqueue()
        expect(begin(rig, 'cancel', filter)).toEqual({ action: 'cancel', done: false, looked: 0, changed: 0 })
        expect(rig.alarmAt).toBeLessThanOrEqual(rig.now)
        rig.ring()
        expect(progress(rig)).toMatchObject({ done: true, changed })
        const stopped = rig.rows().filter(({ state, cancelling }) => state === 'cancelled' || cancelling === 1)
        expect(stopped).toHaveLength(changed)
      }),
    )

    test('works off 1,700 jobs in slices of five hundred and writes one row a job and one a slice', () =>
      rigged((rig) => {
        many(rig, 1_700, { delayMs: hourMs })
        begin(rig, 'cancel')
        const before = rig.rowsWritten
        rig.ring()
        expect(count(rig, 'cancelled')).toBe(1_700)
        expect(progress(rig)).toEqual({ action: 'cancel', done: true, looked: 1_700, changed: 1_700 })
        expect(rig.rowsWritten - before).toBeLessThan(1_700 + 20)
        expect(rig.broken()).toEqual([])
        expect(rig.passRinging(minuteMs)).toBeLessThan(3)
      }))

    test('that fails at any statement continues from where it was after a restart', () =>
      rigged((rig) => {
        makeFailed(rig, 1_200)
        begin(rig, 'redrive')
        for (let nth = 3; !progress(rig).done; nth += 3) {
          rig.failFrom = nth
          try {
            rig.core.maintain(rig.now)
          } catch (error) {
            expect(String(error)).toContain('disk I/O error')
          }
          rig.failFrom = undefined
          rig.restart()
          expect(progress(rig).changed).toBe(count(rig, 'queued'))
        }
        expect(progress(rig)).toMatchObject({ looked: 1_200, changed: 1_200 })
        rig.ring()
        expect(rig.broken()).toEqual([])
      }))

    test('that is requested again begins only once, and the repeated request answers its progress', () =>
      rigged((rig) => {
        many(rig, 3)
        const first = begin(rig, 'cancel')
        expect(begin(rig, 'cancel')).toEqual(first)
        rig.ring()
        many(rig, 2)
        rig.restart()
        expect(begin(rig, 'cancel')).toMatchObject({ done: true, changed: 3 })
        rig.ring()
        expect(count(rig, 'queued')).toBe(2)
      }))

    test('is refused when its id belongs to another bulk action', () =>
      rigged((rig) => {
        begin(rig, 'cancel', { task: 'send' })
        expect(begin(rig, 'cancel', { task: 'draw' })).toMatchObject({ refused: 'key-conflict' })
        expect(begin(rig, 'redrive', { task: 'send' })).toMatchObject({ refused: 'key-conflict' })
      }))

    test('that cancels does not touch a job that is recorded after it began', () =>
      rigged((rig) => {
        many(rig, 3)
        begin(rig, 'cancel')
        rig.pass(1)
        const id = rig.enqueue()
        rig.ring()
        expect(rig.state(id)).toBe('queued')
        expect(progress(rig)).toMatchObject({ done: true, changed: 3 })
      }))

    test('that redrives does not take a job that ends after it began, not even one that it has redriven itself', () =>
      rigged((rig) => {
        makeFailed(rig, 3)
        const late = rig.enqueue()
        const running = rig.claim({ runner: 'late' })
        begin(rig, 'redrive')
        rig.pass(1)
        rig.settle(running, rejected)
        rig.ring()
        expect(progress(rig)).toMatchObject({ done: true, changed: 3 })
        expect(rig.state(late)).toBe('failed rejected')
        const again = rig.sync({ runner: 'again', want: 3 }).claimed
        rig.sync({ runner: 'again', seq: 2, ack: 1, settle: again.map((job) => settlementOf(job, rejected)) })
        rig.passRinging(minuteMs)
        expect(count(rig, 'failed')).toBe(4)
      }))

    test('that redrives gives every job new attempts and takes jobs below the watermark too', () =>
      rigged((rig) => {
        makeFailed(rig, 40, { maxAttempts: 1 })
        rig.pass(8 * hourMs)
        begin(rig, 'redrive', { state: 'failed' })
        rig.ring()
        rig.restart()
        expect(rig.core.parkAndCount(rig.now)).toBe(40)
        expect(rig.rows()[0]).toMatchObject({ attempt: 1, maxAttempts: 6, reason: null })
        expect(rig.broken()).toEqual([])
      }))

    test('that cancels takes both a job and the follower that waits for its end', () =>
      rigged((rig) => {
        const unique = { kind: 'rerun' } as const
        rig.enqueue({ key: 'k', unique })
        rig.settle(rig.claim(), failed, { want: 0 })
        const first = rig.rows()[0]?.id ?? ''
        rig.pass(1_000)
        rig.core.load(rig.now)
        const running = rig.claim({ runner: 'r2' })
        rig.enqueue({ key: 'k', unique, input: '2' })
        rig.settle(running, failed)
        begin(rig, 'cancel')
        rig.ring()
        expect(rig.rows().map(({ state }) => state)).toEqual(['cancelled', 'cancelled'])
        expect(rig.row(first).state).toBe('cancelled')
        expect(rig.sync({ runner: 'r3', want: 5 }).claimed).toEqual([])
        expect(rig.broken()).toEqual([])
      }))

    test('completes beside another bulk action', () =>
      rigged((rig) => {
        many(rig, 3)
        many(rig, 2, { task: 'draw' })
        begin(rig, 'cancel', { task: 'send' }, 'b1')
        begin(rig, 'cancel', { task: 'draw' }, 'b2')
        rig.restart()
        rig.ring()
        expect(['b1', 'b2'].map((id) => progress(rig, id))).toMatchObject([
          { done: true, changed: 3 },
          { done: true, changed: 2 },
        ])
        expect(rig.rows().every(({ state }) => isFinal(state))).toBe(true)
      }))

    test('can still be read after its end while it is one of the newest twenty', () =>
      rigged((rig) => {
        for (let n = 0; n < 25; n++) {
          begin(rig, 'cancel', {}, `b${n}`)
          rig.pass(1)
          rig.ring()
        }
        expect(rig.sql.all('SELECT id FROM bulks')).toHaveLength(20)
        expect(rig.run('bulkProgress', 'b0')).toMatchObject({ refused: 'unknown-bulk' })
        expect(progress(rig, 'b24')).toMatchObject({ done: true })
      }))

    test('that finds no job is done after one alarm', () =>
      rigged((rig) => {
        begin(rig, 'redrive')
        expect(rig.passRinging(minuteMs)).toBe(1)
        expect(progress(rig)).toEqual({ action: 'redrive', done: true, looked: 0, changed: 0 })
      }))
  })
}
