import { describe, expect, test } from 'vitest'
import { jobIdFloor } from '../../../../src/engine/ledger/domain/job-id.ts'
import {
  cancelled,
  completed,
  dayMs,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  Rig,
  rejected,
  shard,
  type WithStore,
} from '../rig.ts'

/** How a job comes into each state. */
const reach: Record<string, (rig: Rig) => string> = {
  queued: (rig) => rig.enqueue(),
  scheduled: (rig) => rig.enqueue({ delayMs: hourMs }),
  running: (rig) => {
    rig.enqueue()
    return rig.claim().id
  },
  retrying: (rig) => {
    const id = rig.enqueue()
    rig.settle(rig.claim(), failed)
    return id
  },
  completed: (rig) => {
    const id = rig.enqueue()
    rig.settle(rig.claim(), completed)
    return id
  },
  failed: (rig) => {
    const id = rig.enqueue()
    rig.settle(rig.claim(), rejected)
    return id
  },
  cancelled: (rig) => {
    const id = rig.enqueue()
    rig.run('cancel', id)
    return id
  },
}

export function controlSuite(withStore: WithStore): void {
  const rigged = (work: (rig: Rig) => void) => withStore((store) => work(new Rig(store)))

  describe('cancel', () => {
    test.each([
      ['queued', 'cancelled', 'it waits: nobody has to be asked'],
      ['scheduled', 'cancelled', 'it waits'],
      ['retrying', 'cancelled', 'it waits'],
      ['running', 'running', 'its runner learns it with the next beat'],
      ['completed', 'wrong-state', 'final states are final'],
      ['failed', 'wrong-state', 'final states are final'],
      ['cancelled', 'wrong-state', 'it is cancelled already'],
    ])('a %s job answers %s, because %s', (from, answer) =>
      rigged((rig) => {
        const id = (reach[from] as (rig: Rig) => string)(rig)
        const before = rig.row(id)
        const reply = rig.run('cancel', id)
        expect('refused' in reply ? reply.refused : reply.state).toBe(answer)
        if (answer === 'wrong-state') expect(rig.row(id)).toEqual(before)
        expect(rig.sync({ runner: 'r2', want: 9 }).claimed).toEqual([])
        expect(rig.broken()).toEqual([])
      }),
    )

    test.each([
      { outcome: completed, state: 'completed', because: 'the work was done before anybody could stop it' },
      { outcome: failed, state: 'cancelled', because: 'nobody wants another attempt' },
      { outcome: rejected, state: 'cancelled', because: 'it was asked to stop, and stopped' },
      { outcome: cancelled, state: 'cancelled', because: 'it stopped' },
    ])('a running job that then ends as $outcome.kind is $state, because $because', ({ outcome, state }) =>
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

    test('a running job whose runner is dead is cancelled when its lease lapses', () =>
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
    test('makes a job that has waited since then, and not since it was made, after a restart too', () =>
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
      ['completed', 'queued', 'an operator wants it anew'],
      ['failed', 'queued', 'an operator wants it anew'],
      ['cancelled', 'queued', 'an operator wants it anew'],
    ])('a %s job answers %s, because %s', (from, answer) =>
      rigged((rig) => {
        const id = (reach[from] as (rig: Rig) => string)(rig)
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

    test("keeps the attempts of before in the history and takes the old lease's word no more", () =>
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

    test('a job that lapsed often is no longer alone', () =>
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

  describe.each(['get', 'cancel', 'redrive', 'update'] as const)('%s of a job that is not there', (verb) => {
    test.each([
      [0, 'unknown-job', 'it was made a moment ago and never recorded'],
      [7 * dayMs - 1, 'unknown-job', 'it would still be kept'],
      [7 * dayMs + 1, 'gone', 'jobs of its age have been pruned'],
    ])('answers an id made %i ms ago: %s, because %s', (ageMs, refused) =>
      rigged((rig) => {
        expect(asked(rig, verb, jobIdFloor(shard, rig.now - ageMs))).toMatchObject({ refused })
      }),
    )

    test('answers what is no id as unknown', () =>
      rigged((rig) => {
        for (const id of ['', 'x', '3-', '%', '../etc'])
          expect(asked(rig, verb, id)).toMatchObject({ refused: 'unknown-job' })
      }))
  })
}

function asked(rig: Rig, verb: 'get' | 'cancel' | 'redrive' | 'update', id: string) {
  return verb === 'redrive' || verb === 'update' ? rig.run(verb, { id }) : rig.run(verb, id)
}
