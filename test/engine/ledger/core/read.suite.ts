import { describe, expect, test } from 'vitest'
import type { ListRequest } from '../../../../src/engine/ledger/protocol/jobs.ts'
import { completed, type Rig, rejected, riggedBy, type WithStore } from '../rig.ts'

export function readSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)

  /** The ids of all pages in order, and the number of pages. */
  const paged = (rig: Rig, request: Omit<ListRequest, 'before'>): { ids: string[]; pages: number } => {
    const ids: string[] = []
    let before: string | undefined
    for (let pages = 1; pages < 1_000; pages++) {
      const reply = rig.run('list', { ...request, ...(before !== undefined && { before }) })
      expect(reply.jobs.length).toBeLessThanOrEqual(request.limit)
      ids.push(...reply.jobs.map(({ id }) => id))
      if (reply.searchedTo === undefined) return { ids, pages }
      before = reply.searchedTo
    }
    throw new Error('the pages have no end')
  }

  describe('get', () => {
    test('answers everything that is recorded and nothing that has not happened', () =>
      rigged((rig) => {
        const id = rig.enqueue({ priority: 2, tags: ['a'], key: 'k', input: '{"n":7}' })
        const fresh = { id, task: 'send', state: 'queued', attempt: 0, maxAttempts: 3, priority: 2, tags: ['a'] }
        expect(rig.record(id)).toEqual({
          ...fresh,
          idempotencyKey: 'k',
          createdAt: rig.now,
          input: { n: 7 },
          history: [],
        })
        const claimed = rig.claim()
        const log = [{ at: rig.now, message: 'hello' }]
        rig.pass(10)
        rig.sync({ seq: 2, settle: [{ id, lease: claimed.lease, outcome: completed, ranMs: 10, log }] })
        expect(rig.record(id)).toEqual({
          ...fresh,
          state: 'completed',
          attempt: 1,
          idempotencyKey: 'k',
          createdAt: rig.now - 10,
          startedAt: rig.now - 10,
          finishedAt: rig.now,
          input: { n: 7 },
          output: 'done',
          history: [{ attempt: 1, startedAt: rig.now - 10, endedAt: rig.now, outcome: 'completed', log }],
        })
      }))

    test('answers no output of a job that has none', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        rig.settle(rig.claim(), { kind: 'completed' })
        expect(rig.record(id)).not.toHaveProperty('output')
      }))

    test('answers a due time only while the job waits for it', () =>
      rigged((rig) => {
        const id = rig.enqueue({ delayMs: 1_000 })
        expect(rig.record(id)).toHaveProperty('dueAt')
        rig.pass(1_000)
        rig.claim()
        expect(rig.record(id)).not.toHaveProperty('dueAt')
      }))
  })

  describe('list', { timeout: 30_000 }, () => {
    const filled = (rig: Rig) => {
      const ids = Array.from({ length: 10 }, (_, n) => {
        rig.pass(1)
        return rig.enqueue({ task: n % 2 ? 'draw' : 'send', tags: n % 5 === 0 ? ['five', 'x'] : ['x'], key: `k${n}` })
      })
      const { claimed } = rig.sync({ want: 3 })
      const settle = claimed.map((job, n) => ({
        id: job.id,
        lease: job.lease,
        outcome: n ? completed : rejected,
        ranMs: 1,
      }))
      rig.sync({ seq: 2, settle })
      return ids
    }

    test.each<[request: Omit<ListRequest, 'limit'>, numbers: number[]]>([
      [{}, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
      [{ task: 'draw' }, [9, 7, 5, 3, 1]],
      [{ tag: 'five' }, [5, 0]],
      [{ tag: 'fiv' }, []],
      [{ key: 'k3' }, [3]],
      [{ state: 'failed' }, [0]],
      [{ state: 'completed' }, [2, 1]],
      [{ state: 'queued', task: 'send' }, [8, 6, 4]],
      [{ state: 'running' }, []],
    ])('with filter %j finds jobs %j, newest first, in pages of any size', (request, numbers) =>
      rigged((rig) => {
        const ids = filled(rig)
        for (const limit of [1, 2, 3, 10, 100])
          expect(paged(rig, { ...request, limit }).ids).toEqual(numbers.map((n) => ids[n]))
      }),
    )

    test('adds at most one empty page after a full last page', () =>
      rigged((rig) => {
        filled(rig)
        expect(paged(rig, { limit: 5 }).pages).toBeLessThanOrEqual(3)
        expect(paged(rig, { limit: 10 }).pages).toBeLessThanOrEqual(2)
      }))

    test('looks at a bounded number of rows and answers how far it got', () =>
      rigged((rig) => {
        const first = rig.enqueue({ tags: ['rare'] })
        rig.pass(1)
        rig.enqueueAll(Array.from({ length: 4_500 }, () => rig.job()))
        const reply = rig.run('list', { tag: 'rare', limit: 10 })
        expect(reply.jobs).toEqual([])
        expect(reply.searchedTo).toMatch(/^[0-9A-Z]{26}$/)
        expect(paged(rig, { tag: 'rare', limit: 10 })).toEqual({ ids: [first], pages: 3 })
      }))

    test('ends a page of large jobs before it is too large to answer', () =>
      rigged((rig) => {
        const input = JSON.stringify('x'.repeat(500_000))
        const ids = rig
          .enqueueAll(Array.from({ length: 40 }, () => rig.job({ input })))
          .map((job) => 'id' in job && job.id)
        expect(rig.run('list', { limit: 100 }).jobs.length).toBeLessThan(20)
        expect(paged(rig, { limit: 100 }).ids).toEqual(ids.sort().reverse())
      }))

    test('answers one empty page for an empty ledger', () =>
      rigged((rig) => {
        expect(rig.run('list', { limit: 10 })).toEqual({ jobs: [] })
      }))
  })
}
