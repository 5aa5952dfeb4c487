import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../../src/engine/ledger/protocol/sync.ts'
import {
  cancelled,
  completed,
  failed,
  heartbeatOf,
  leaseMs,
  minuteMs,
  type Rig,
  rejected,
  riggedBy,
  settlementOf,
  snoozed,
  type WithStore,
} from '../rig.ts'

const outcomes = [completed, failed, rejected, snoozed, cancelled]

export function settleSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)

  describe('settle', () => {
    test.each<[outcome: Outcome, state: string, dueInMs: number | undefined, attempt: number, because: string]>([
      [completed, 'completed', undefined, 1, 'the work is done'],
      [failed, 'retrying', 1_000, 1, 'attempts are left'],
      [{ ...failed, retryAfterMs: 90_000 } as Outcome, 'retrying', 90_000, 1, 'the handler named the wait'],
      [rejected, 'failed rejected', undefined, 1, 'no attempt can succeed'],
      [snoozed, 'scheduled', minuteMs, 0, 'a snooze uses no attempt'],
      [cancelled, 'cancelled', undefined, 1, 'the handler stopped on request'],
    ])(
      'with %j of a first attempt leaves the job %s, due in %s ms, with attempt %i, because %s',
      (outcome, state, dueInMs, attempt) =>
        rigged((rig) => {
          const id = rig.enqueue()
          rig.settle(rig.claim(), outcome)
          expect(rig.state(id)).toBe(state)
          const dueAt = dueInMs === undefined ? undefined : rig.now + dueInMs
          const { dueAt: found, attempt: counted } = rig.record(id)
          expect([found, counted]).toEqual([dueAt, attempt])
          expect(rig.broken()).toEqual([])
        }),
    )

    test.each(outcomes)('with %j under a replaced lease changes nothing and reports the lease as lost', (outcome) =>
      rigged((rig) => {
        const id = rig.enqueue()
        const old = rig.claim({ runner: 'old' })
        rig.pass(leaseMs)
        rig.ring()
        rig.claim({ runner: 'new' })
        const before = rig.row(id)
        expect(rig.settle(old, outcome).lost).toEqual([id])
        expect(rig.row(id)).toEqual(before)
      }),
    )

    test.each(outcomes)('with %j under an unknown lease changes nothing and reports the lease as lost', (outcome) =>
      rigged((rig) => {
        const id = rig.enqueue()
        rig.claim()
        const before = rig.row(id)
        expect(rig.sync({ runner: 'r2', settle: [settlementOf({ id, lease: 'r1.1.guess' }, outcome)] }).lost).toEqual([
          id,
        ])
        expect(rig.row(id)).toEqual(before)
      }),
    )

    test.each(outcomes)('with %j for a job that is gone reports it as lost and stops no other settlement', (outcome) =>
      rigged((rig) => {
        const { id } = rig.job()
        const other = rig.enqueue()
        const claimed = rig.claim()
        const settle = [settlementOf({ id, lease: 'x.1.y' }, outcome), settlementOf(claimed, completed)]
        expect(rig.sync({ seq: 2, settle }).lost).toEqual([id])
        expect(rig.state(other)).toBe('completed')
      }),
    )

    test.each(outcomes.flatMap((first) => outcomes.map((second) => ({ first, second }))))(
      'with $second.kind after $first.kind of the same attempt changes nothing',
      ({ first, second }) =>
        rigged((rig) => {
          const id = rig.enqueue()
          const claimed = rig.claim()
          rig.settle(claimed, first)
          const before = rig.row(id)
          expect(rig.settle(claimed, second, { seq: 3 }).lost).toEqual([])
          expect(rig.row(id)).toEqual(before)
        }),
    )

    test('checks the token and not the clock: a lease is live until it is replaced', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const claimed = rig.claim()
        rig.pass(10 * leaseMs)
        rig.settle(claimed, failed)
        expect(rig.record(id)).toMatchObject({ state: 'retrying', history: [{ outcome: 'failed' }] })
      }))

    describe('after a lapse', () => {
      const lapsed = (rig: Rig) => {
        const id = rig.enqueue()
        const claimed = rig.claim()
        rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(claimed)] })
        rig.pass(leaseMs)
        rig.ring()
        expect(rig.state(id)).toBe('retrying')
        return { id, claimed }
      }

      test('a late success completes the job', () =>
        rigged((rig) => {
          const { id, claimed } = lapsed(rig)
          expect(rig.settle(claimed, completed).lost).toEqual([])
          expect(rig.record(id)).toMatchObject({ state: 'completed', attempt: 1, output: 'done' })
          expect(rig.record(id)).not.toHaveProperty('error')
          expect(rig.core.memory.ready.size).toBe(0)
          expect(rig.broken()).toEqual([])
        }))

      test.each([failed, rejected, snoozed, cancelled])(
        'a late %j is ignored, because the lapse has counted the attempt',
        (outcome) =>
          rigged((rig) => {
            const { id, claimed } = lapsed(rig)
            const before = rig.row(id)
            expect(rig.settle(claimed, outcome).lost).toEqual([])
            expect(rig.row(id)).toEqual(before)
          }),
      )

      test('a late success wins over a claim in the same sync', () =>
        rigged((rig) => {
          const { id, claimed } = lapsed(rig)
          const other = rig.enqueue()
          const { claimed: next } = rig.settle(claimed, completed, { want: 1, seq: 3 })
          expect([rig.state(id), next.map((job) => job.id)]).toEqual(['completed', [other]])
          expect(rig.broken()).toEqual([])
        }))

      test('a late success is lost once another runner runs the job', () =>
        rigged((rig) => {
          const { id, claimed } = lapsed(rig)
          rig.claim({ runner: 'r2' })
          expect(rig.settle(claimed, completed).lost).toEqual([id])
          expect(rig.state(id)).toBe('running')
        }))

      test('a late success after a cancellation changes nothing', () =>
        rigged((rig) => {
          const { id, claimed } = lapsed(rig)
          rig.run('cancel', id)
          rig.settle(claimed, completed)
          expect(rig.state(id)).toBe('cancelled')
        }))
    })

    describe('one bad settlement', () => {
      /** Outcomes that a runner of another version might send, and that memory, disk or a CHECK would refuse. */
      const bad: [what: string, outcome: Outcome, state: string][] = [
        ['an unknown outcome', { kind: 'vanished' } as never, 'retrying'],
        [
          'an error that JSON cannot hold',
          { kind: 'failed', error: { name: 'E', message: 'm', n: 1n } as never },
          'retrying',
        ],
        ['a missing error', { kind: 'failed' } as never, 'retrying'],
        ['an output over its limit', { kind: 'completed', output: JSON.stringify('x'.repeat(600_000)) }, 'retrying'],
        [
          'an output that is too large for a row',
          { kind: 'completed', output: JSON.stringify('x'.repeat(3_000_000)) },
          'retrying',
        ],
        ['a snooze of NaN ms', { kind: 'snoozed', forMs: Number.NaN }, 'retrying'],
        ['an infinite snooze', { kind: 'snoozed', forMs: Number.POSITIVE_INFINITY }, 'retrying'],
        [
          'a wait that is not a number',
          { kind: 'failed', error: { name: 'E', message: 'm' }, retryAfterMs: Number.NaN },
          'retrying',
        ],
      ]

      test.each(bad)('with %s fails its own job and no other', (_, outcome, state) =>
        rigged((rig) => {
          const ids = rig.enqueueAll([rig.job(), rig.job(), rig.job()]).map((job) => 'id' in job && job.id)
          const { claimed } = rig.sync({ want: 3 })
          const settle = claimed.map((job) => settlementOf(job, job.id === ids[1] ? outcome : completed))
          expect(rig.sync({ seq: 2, settle, want: 1 }).lost).toEqual([])
          expect(ids.map((id) => rig.state(id as string))).toEqual(['completed', state, 'completed'])
          expect(rig.record(ids[1] as string).dueAt).toBe(rig.now + 1_000)
          expect(rig.broken()).toEqual([])
        }),
      )

      test.each(bad)('with %s uses up its attempt, so that it cannot repeat for ever', (_, outcome) =>
        rigged((rig) => {
          const id = rig.enqueue({ maxAttempts: 1 })
          rig.settle(rig.claim(), outcome)
          expect(rig.state(id)).toBe('failed exhausted')
        }),
      )

      test('with a log that JSON cannot hold loses its log and outcome, and the job records why', () =>
        rigged((rig) => {
          const id = rig.enqueue()
          const log = [{ at: 1n as never, message: 'm' }]
          rig.sync({ seq: 2, settle: [{ ...settlementOf(rig.claim(), completed), log }] })
          expect(rig.record(id)).toMatchObject({ state: 'retrying', error: { name: 'UnstorableOutcome' } })
        }))

      test('does not cost its runner the leases that it has extended', () =>
        rigged((rig) => {
          rig.enqueueAll([rig.job(), rig.job()])
          const [long, short] = rig.sync({ want: 2 }).claimed
          const heartbeats = [heartbeatOf(long as never)]
          rig.pass(20_000)
          rig.sync({ seq: 2, heartbeats: [...heartbeats, heartbeatOf(short as never)] })
          rig.pass(20_000)
          const settle = [settlementOf(short as never, { kind: 'failed' } as never)]
          expect(rig.sync({ seq: 3, heartbeats, settle }).lost).toEqual([])
          rig.ring()
          expect(rig.row(long?.id ?? '')).toMatchObject({ state: 'running' })
          expect(rig.broken()).toEqual([])
        }))
    })

    test('with the last failure hands the job over to onFailed in the same transaction', () =>
      rigged(
        (rig) => {
          const id = rig.enqueue({ maxAttempts: 1, priority: 4, input: '{"to":"a"}' })
          rig.settle(rig.claim(), failed)
          const hook = rig.claim({ tasks: { 'send/onFailed': 1_000 } })
          expect(hook).toMatchObject({ task: 'send/onFailed', priority: 4, maxAttempts: 5 })
          const failedJob = { id, task: 'send', attempt: 1, reason: 'exhausted', createdAt: rig.now }
          expect(JSON.parse(hook.input)).toEqual({
            input: { to: 'a' },
            job: failedJob,
            error: { name: 'Error', message: 'no luck' },
          })
        },
        { policies: { send: { onFailed: true } } },
      ))

    test('without a final failure hands nothing over to onFailed', () =>
      rigged(
        (rig) => {
          for (const outcome of [completed, failed, snoozed, cancelled]) {
            rig.enqueue()
            rig.settle(rig.claim(), outcome)
          }
          expect(rig.rows().filter(({ task }) => task !== 'send')).toEqual([])
        },
        { policies: { send: { onFailed: true } } },
      ))
  })
}
