import { describe, expect, test } from 'vitest'
import { jobIdFloor } from '../../../../src/engine/ledger/domain/job-id.ts'
import { jobIn } from '../job-in.ts'
import {
  cancelled,
  completed,
  dayMs,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  type Rig,
  rejected,
  riggedBy,
  shard,
  type WithStore,
} from '../rig.ts'

export function controlSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)

  describe('cancel', () => {
    test.each([
      ['queued', 'cancelled', 'it waits and no runner has to be asked'],
      ['scheduled', 'cancelled', 'it waits'],
      ['retrying', 'cancelled', 'it waits'],
      ['running', 'running', 'its runner learns of it with the next heartbeat'],
      ['completed', 'wrong-state', 'a final state does not change'],
      ['failed', 'wrong-state', 'a final state does not change'],
      ['cancelled', 'wrong-state', 'it is cancelled already'],
    ])('of a %s job answers %s, because %s', (from, answer) =>
      rigged((rig) => {
        const id = jobIn(rig, from)
        const before = rig.row(id)
        const reply = rig.run('cancel', id)
        expect('refused' in reply ? reply.refused : reply.state).toBe(answer)
        if (answer === 'wrong-state') expect(rig.row(id)).toEqual(before)
        expect(rig.sync({ runner: 'r2', want: 9 }).claimed).toEqual([])
        expect(rig.broken()).toEqual([])
      }),
    )

    test.each([
      { outcome: completed, state: 'completed', because: 'the work was done before it could be stopped' },
      { outcome: failed, state: 'cancelled', because: 'no further attempt is wanted' },
      { outcome: rejected, state: 'cancelled', because: 'it was asked to stop and it stopped' },
      { outcome: cancelled, state: 'cancelled', because: 'it stopped' },
    ])('of a running job that then ends as $outcome.kind leaves it $state, because $because', ({ outcome, state }) =>
      rigged((rig) => {
        const id = rig.enqueue()
        const claimed = rig.claim()
        rig.run('cancel', id)
        rig.restart()
        expect(rig.sync({ seq: 2, heartbeats: [heartbeatOf(claimed)] }).cancelled).toEqual([id])
        rig.settle(claimed, outcome, { seq: 3 })
        expect(rig.state(id)).toBe(state)
        expect(rig.broken()).toEqual([])
      }),
    )

    test('of a running job whose runner is dead takes effect when its lease lapses', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        rig.claim()
        rig.run('cancel', id)
        rig.pass(leaseMs)
        rig.ring()
        expect(rig.state(id)).toBe('cancelled')
      }))
  })

  describe('redrive', () => {
    test('counts the waiting time of a job from the redrive and not from its creation, after a restart too', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        rig.settle(rig.claim(), completed)
        rig.pass(hourMs)
        rig.run('redrive', { id })
        expect(rig.core.memory.ready.oldestReadyAt()).toBe(rig.now)
        rig.restart()
        expect(rig.core.memory.ready.oldestReadyAt()).toBe(rig.now)
      }))

    test.each([
      ['queued', 'wrong-state', 'it has not ended'],
      ['scheduled', 'wrong-state', 'it has not ended'],
      ['running', 'wrong-state', 'it has not ended'],
      ['retrying', 'wrong-state', 'it has not ended'],
      ['completed', 'queued', 'a person wants it to run again'],
      ['failed', 'queued', 'a person wants it to run again'],
      ['cancelled', 'queued', 'a person wants it to run again'],
    ])('of a %s job answers %s, because %s', (from, answer) =>
      rigged((rig) => {
        const id = jobIn(rig, from)
        const before = rig.row(id)
        const reply = rig.run('redrive', { id })
        expect('refused' in reply ? reply.refused : reply.state).toBe(answer)
        if (answer === 'wrong-state') expect(rig.row(id)).toEqual(before)
        else
          expect(rig.claim({ runner: 'r2' })).toMatchObject({
            id,
            attempt: before.attempt + 1,
            maxAttempts: before.attempt + 5,
          })
        expect(rig.broken()).toEqual([])
      }),
    )

    test('keeps the earlier attempts in the history and ignores a settlement under the old lease', () =>
      rigged((rig) => {
        const id = rig.enqueue()
        const old = rig.claim()
        rig.settle(old, rejected)
        rig.run('redrive', { id })
        rig.settle(old, completed, { seq: 3 })
        expect(rig.state(id)).toBe('queued')
        rig.settle(rig.claim({ runner: 'r2' }), completed)
        expect(rig.record(id)).toMatchObject({
          state: 'completed',
          history: [{ outcome: 'rejected' }, { outcome: 'completed', attempt: 2 }],
        })
      }))

    test('lets a job that has lapsed often run beside others again', () =>
      rigged((rig) => {
        const id = rig.enqueue({ maxAttempts: 2 })
        for (const runner of ['a', 'b']) {
          const claimed = rig.claim({ runner })
          rig.sync({ runner, seq: 2, ack: 1, heartbeats: [heartbeatOf(claimed)] })
          rig.pass(leaseMs)
          rig.ring()
        }
        expect(rig.state(id)).toBe('failed crashed')
        rig.run('redrive', { id })
        expect(rig.claim({ runner: 'c' })).not.toHaveProperty('solo')
      }))
  })

  describe.each(['get', 'cancel', 'redrive', 'update'] as const)('%s of a job that has no row', (verb) => {
    test.each([
      [0, 'unknown-job', 'it was made just now and never recorded'],
      [7 * dayMs - 1, 'unknown-job', 'it would still be kept'],
      [7 * dayMs + 1, 'gone', 'jobs of its age have been pruned'],
    ])('with an id made %i ms ago answers %s, because %s', (ageMs, refused) =>
      rigged((rig) => {
        expect(answerOf(rig, verb, jobIdFloor(shard, rig.now - ageMs))).toMatchObject({ refused })
      }),
    )

    test('with text that is not an id answers unknown-job', () =>
      rigged((rig) => {
        for (const id of ['', 'x', '3-', '%', '../etc'])
          expect(answerOf(rig, verb, id)).toMatchObject({ refused: 'unknown-job' })
      }))
  })
}

function answerOf(rig: Rig, verb: 'get' | 'cancel' | 'redrive' | 'update', id: string) {
  return verb === 'redrive' || verb === 'update' ? rig.run(verb, { id }) : rig.run(verb, id)
}
