import { describe, expect, test } from 'vitest'
import type { UpdateRequest } from '../../../../src/engine/ledger/protocol/jobs.ts'
import { jobIn } from '../job-in.ts'
import {
  completed,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  minuteMs,
  type Rig,
  riggedBy,
  type WithStore,
} from '../rig.ts'

export function updateSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)
  const update = (rig: Rig, id: string, more: Omit<UpdateRequest, 'id'>) => rig.run('update', { id, ...more })

  describe('update', () => {
    test.each<{ from: string; in: number; state: string; dueIn: number | null; because: string }>([
      { from: 'queued', in: minuteMs, state: 'scheduled', dueIn: minuteMs, because: 'it now waits for a time' },
      { from: 'queued', in: 0, state: 'queued', dueIn: null, because: 'it is due already' },
      { from: 'queued', in: -minuteMs, state: 'queued', dueIn: null, because: 'a past time means now' },
      { from: 'scheduled', in: minuteMs, state: 'scheduled', dueIn: minuteMs, because: 'it is due sooner' },
      { from: 'scheduled', in: 2 * hourMs, state: 'scheduled', dueIn: 2 * hourMs, because: 'it is due later' },
      { from: 'scheduled', in: -minuteMs, state: 'scheduled', dueIn: 0, because: 'a past time means now' },
      { from: 'scheduled and due', in: minuteMs, state: 'scheduled', dueIn: minuteMs, because: 'it waits again' },
      { from: 'retrying', in: minuteMs, state: 'retrying', dueIn: minuteMs, because: 'it is still a retry' },
      { from: 'retrying', in: 0, state: 'retrying', dueIn: 0, because: 'its backoff ends early' },
    ])(
      'of a job that is $from to a time $in ms from now leaves it $state, because $because',
      ({ from, in: inMs, state, dueIn }) =>
        rigged((rig) => {
          const id = jobIn(rig, from)
          const before = rig.row(id)
          const dueAt = dueIn === null ? null : rig.now + dueIn
          expect(update(rig, id, { at: rig.now + inMs })).toMatchObject({ id, state })
          expect(rig.row(id)).toEqual({ ...before, state, dueAt })
          expect(rig.broken()).toEqual([])
          rig.restart()
          expect(rig.broken()).toEqual([])
          if (dueIn !== null && dueIn > 0) {
            rig.passRinging(dueIn - 1)
            expect(rig.sync({ runner: 'early', want: 1 }).claimed).toEqual([])
            rig.passRinging(1)
          }
          expect(rig.claim({ runner: 'r2' })).toMatchObject({ id })
          expect(rig.broken()).toEqual([])
        }),
    )

    test('counts a delay from now', () =>
      rigged((rig) => {
        const id = rig.enqueue({ delayMs: hourMs })
        rig.pass(minuteMs)
        update(rig, id, { delayMs: 5_000 })
        expect(rig.row(id).dueAt).toBe(rig.now + 5_000)
        expect(rig.alarmAt).toBe(rig.now + 5_000)
      }))

    test.each(['queued', 'scheduled and due', 'retrying'])('of the priority reorders a %s job', (from) =>
      rigged((rig) => {
        const id = jobIn(rig, from)
        rig.pass(2_000)
        rig.enqueueAll([rig.job({ priority: 5 }), rig.job({ priority: 5 })])
        update(rig, id, { priority: 6 })
        expect(rig.row(id).priority).toBe(6)
        rig.restart()
        expect(rig.claim({ runner: 'r2' })).toMatchObject({ id, priority: 6 })
        expect(rig.broken()).toEqual([])
      }),
    )

    test.each(['running', 'completed', 'failed', 'cancelled'])('of a job that is %s is refused', (from) =>
      rigged((rig) => {
        const id = jobIn(rig, from)
        const before = rig.row(id)
        expect(update(rig, id, { priority: 5, at: rig.now + 5 })).toMatchObject({ refused: 'wrong-state' })
        expect(rig.row(id)).toEqual(before)
      }),
    )

    test('of a follower changes its time, and the follower still waits for the job before it', () =>
      rigged((rig) => {
        const unique = { kind: 'rerun' } as const
        rig.enqueue({ key: 'k', unique })
        const running = rig.claim()
        const id = rig.enqueue({ key: 'k', unique, input: '2' })
        expect(update(rig, id, { at: rig.now + minuteMs, priority: 3 })).toMatchObject({ dueAt: rig.now + minuteMs })
        expect(rig.row(id)).toMatchObject({ after: running.id, notBefore: rig.now + minuteMs, priority: 3 })
        update(rig, id, { at: rig.now - 1 })
        rig.restart()
        expect(rig.sync({ runner: 'r2', want: 5 }).claimed).toEqual([])
        update(rig, id, { delayMs: 10_000 })
        rig.settle(running, completed)
        expect(rig.row(id)).toMatchObject({ after: null, state: 'scheduled', dueAt: rig.now + 10_000 })
        expect(rig.broken()).toEqual([])
      }))

    test('to a time beyond the deadline is refused, unless the job has started before', () =>
      rigged((rig) => {
        const id = rig.enqueue({ expiresInMs: minuteMs })
        expect(update(rig, id, { delayMs: minuteMs })).toMatchObject({ refused: 'invalid-option' })
        expect(rig.row(id)).toMatchObject({ state: 'queued', dueAt: null })
        expect(update(rig, id, { delayMs: minuteMs - 1 })).toMatchObject({ state: 'scheduled' })
        update(rig, id, { delayMs: 0 })
        rig.settle(rig.claim(), failed)
        expect(update(rig, id, { delayMs: hourMs })).toMatchObject({ state: 'retrying' })
        rig.passRinging(hourMs)
        expect(rig.claim({ runner: 'r2' })).toMatchObject({ id })
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('redrive with another input', () => {
    test.each(['completed', 'failed', 'cancelled'])('gives it to the next attempt of a job that was %s', (from) =>
      rigged((rig) => {
        const id = jobIn(rig, from)
        const input = JSON.stringify({ name: 'ä'.repeat(1_000) })
        expect(rig.run('redrive', { id, input })).toMatchObject({ state: 'queued', input: JSON.parse(input) })
        expect(rig.row(id)).toMatchObject({ input, bytes: 2_011, reason: null, output: null })
        rig.restart()
        expect(rig.claim({ runner: 'r2' })).toMatchObject({ id, input })
        expect(rig.record(id).input).toEqual(JSON.parse(input))
        expect(rig.broken()).toEqual([])
      }),
    )

    test('is refused for a job that has not ended, which keeps its input', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        expect(rig.run('redrive', { id, input: '2' })).toMatchObject({ refused: 'wrong-state' })
        expect(rig.row(id).input).toBe('{"n":1}')
      }))

    test('is optional: a redrive without an input keeps the input of the job', () =>
      rigged((rig) => {
        const id = jobIn(rig, 'failed')
        rig.run('redrive', { id })
        expect(rig.row(id)).toMatchObject({ input: '{"n":1}', bytes: 7 })
      }))

    test('ignores a late success of an attempt before it', () =>
      rigged((rig) => {
        const id = rig.enqueue({ maxAttempts: 1 })
        const old = rig.claim()
        rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(old)] })
        rig.pass(leaseMs)
        rig.ring()
        rig.run('redrive', { id, input: '2' })
        rig.settle(old, completed, { seq: 3 })
        expect(rig.claim({ runner: 'r2' })).toMatchObject({ id, input: '2' })
      }))
  })
}
