import { describe, expect, test } from 'vitest'
import type { TaskLimits } from '../../../../src/engine/task/limits.ts'
import {
  completed,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  limited,
  minuteMs,
  type Rig,
  riggedBy,
  snoozed,
  type WithStore,
} from '../rig.ts'

export function expireSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)

  describe('a deadline', () => {
    test('fails a waiting job when it passes, by the alarm and no sooner', () =>
      rigged((rig) => {
        const id = rig.enqueue({ expiresInMs: minuteMs })
        expect(rig.record(id).expiresAt).toBe(rig.now + minuteMs)
        rig.passRinging(minuteMs - 1)
        expect(rig.state(id)).toBe('queued')
        rig.restart()
        rig.passRinging(1)
        expect(rig.record(id)).toMatchObject({
          state: 'failed',
          reason: 'expired',
          attempt: 0,
          error: { name: 'Expired' },
          finishedAt: rig.now,
          history: [],
        })
        expect(rig.broken()).toEqual([])
      }))

    test.each([
      { atMs: -1, state: 'running', because: 'the deadline has not passed' },
      { atMs: 0, state: 'failed expired', because: 'the deadline has just passed' },
      { atMs: hourMs, state: 'failed expired', because: 'a late alarm does not extend the deadline' },
    ])('makes a sync $atMs ms after it leave the job $state, because $because', ({ atMs, state }) =>
      rigged((rig) => {
        const id = rig.enqueue({ expiresInMs: minuteMs })
        const other = rig.enqueue()
        rig.pass(minuteMs + atMs)
        const claimed = rig.sync({ want: 2 }).claimed.map((job) => job.id)
        expect(rig.state(id)).toBe(state)
        expect(claimed).toContain(other)
        expect(rig.broken()).toEqual([])
      }),
    )

    test.each<{ what: string; reach: (rig: Rig, id: string) => void; state: string; because: string }>([
      {
        what: 'was started and is retried',
        reach: (rig) => void rig.settle(rig.claim(), failed),
        state: 'retrying',
        because: 'it was started in time',
      },
      {
        what: 'was started and snoozed',
        reach: (rig) => void rig.settle(rig.claim(), snoozed),
        state: 'scheduled',
        because: 'it was started in time',
      },
      {
        what: 'runs',
        reach: (rig) => void rig.sync({ seq: 2, ack: 0, heartbeats: [heartbeatOf(rig.claim())] }),
        state: 'running',
        because: 'it was started in time',
      },
      {
        what: 'was refunded, because it never started',
        reach: (rig) => {
          rig.claim()
          rig.sync({ seq: 2, ack: 1 })
        },
        state: 'failed expired',
        because: 'no attempt has started',
      },
      {
        what: 'was delayed until shortly before it',
        reach: (rig, id) => void rig.run('update', { id, delayMs: 9_000 }),
        state: 'failed expired',
        because: 'it was due and no runner came',
      },
    ])('of a job that $what leaves it $state, because $because', ({ reach, state }) =>
      rigged((rig) => {
        const id = rig.enqueue({ expiresInMs: 10_000 })
        reach(rig, id)
        rig.passRinging(10_000)
        expect(rig.state(id)).toBe(state)
        expect(rig.broken()).toEqual([])
        rig.restart()
        expect(rig.broken()).toEqual([])
      }),
    )

    test('does not fail a job that lapsed, because an attempt was started', () =>
      rigged((rig) => {
        const id = rig.enqueue({ expiresInMs: 10_000 })
        rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(rig.claim())] })
        rig.passRinging(leaseMs)
        expect(rig.state(id)).toBe('retrying')
      }))

    test.each<{ what: string; limits: TaskLimits }>([
      { what: 'the rate limit of its task', limits: { rateLimit: { limit: 1, per: hourMs } } },
      { what: 'the concurrency of its task', limits: { concurrency: 1 } },
      { what: 'the rate limit of its partition', limits: { perPartition: { rateLimit: { limit: 1, per: hourMs } } } },
      { what: 'the concurrency of its partition', limits: { perPartition: { concurrency: 1 } } },
    ])('fails a job while $what holds it back', ({ limits }) =>
      rigged(
        (rig) => {
          rig.enqueue({ partition: 'a' })
          rig.claim()
          const id = rig.enqueue({ partition: 'a', expiresInMs: 20_000 })
          expect(rig.sync({ runner: 'r3', want: 5 }).claimed).toEqual([])
          rig.passRinging(19_999)
          expect(rig.state(id)).toBe('queued')
          rig.passRinging(1)
          expect(rig.state(id)).toBe('failed expired')
          expect(rig.broken()).toEqual([])
        },
        { policies: { send: limited(limits) } },
      ),
    )

    test('that passes hands the job over to onFailed', () =>
      rigged(
        (rig) => {
          const id = rig.enqueue({ expiresInMs: 1_000, priority: 3 })
          rig.passRinging(1_000)
          const hook = rig.claim({ tasks: { 'send/onFailed': 1 } })
          expect(hook.priority).toBe(3)
          expect(JSON.parse(hook.input)).toMatchObject({
            input: { n: 1 },
            job: { id, reason: 'expired', attempt: 0 },
            error: { name: 'Expired' },
          })
          expect(rig.broken()).toEqual([])
        },
        { policies: { send: { onFailed: true } } },
      ))

    test('no longer holds for a job that is redriven', () =>
      rigged((rig) => {
        const id = rig.enqueue({ expiresInMs: 1_000 })
        rig.passRinging(1_000)
        expect(rig.run('redrive', { id })).toMatchObject({ state: 'queued' })
        rig.passRinging(minuteMs)
        expect(rig.row(id)).toMatchObject({ expiresAt: null, reason: null })
        rig.settle(rig.claim(), completed)
        expect(rig.state(id)).toBe('completed')
      }))

    test('fails 1,300 jobs in slices and leaves none over', () =>
      rigged((rig) => {
        rig.enqueueAll(Array.from({ length: 1_300 }, (_, n) => rig.job({ expiresInMs: 1_000 + (n % 7) })))
        const other = rig.enqueue()
        rig.pass(1_010)
        rig.restart()
        rig.ring()
        expect(rig.core.memory.counts.total()).toMatchObject({ failed: 1_300, queued: 1 })
        expect(rig.claim()).toMatchObject({ id: other })
        expect(rig.broken()).toEqual([])
      }))

    test('that passes is counted in the stats of its minute', () =>
      rigged((rig) => {
        rig.enqueue({ expiresInMs: 1_000 })
        rig.passRinging(1_000)
        rig.sync({ done: true })
        const [{ stats }] = rig.sql.all<{ stats: string }>('SELECT stats FROM minute_stats') as [{ stats: string }]
        expect(JSON.parse(stats)).toMatchObject({ enqueued: 1, ended: { expired: 1 } })
      }))
  })
}
