import { describe, expect, test } from 'vitest'
import type { JobRowWithInput } from '../../../../src/engine/ledger/domain/row.ts'
import type { Enqueued, NewJob } from '../../../../src/engine/ledger/protocol/enqueue.ts'
import { isFinal } from '../../../../src/engine/task/states.ts'
import type { UniqueRule } from '../../../../src/engine/task/unique.ts'
import {
  completed,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  minuteMs,
  type Rig,
  rejected,
  riggedBy,
  type WithStore,
} from '../rig.ts'

const rules = {
  kept: { kind: 'kept' },
  finished: { kind: 'finished' },
  window: { kind: 'window', ms: minuteMs },
  debounce: { kind: 'debounce', ms: 5_000, maxWaitMs: 20_000 },
  throttle: { kind: 'throttle', ms: minuteMs },
  rerun: { kind: 'rerun' },
} as const satisfies Record<string, UniqueRule>
type RuleName = keyof typeof rules

/** Brings the job of key `k` into a state. A second passes between its call, its start and the next call. */
const states: Record<string, (rig: Rig, first: (more?: Partial<NewJob>) => string) => string> = {
  ready: (rig, first) => {
    const id = first({ unique: rules.rerun })
    rig.pass(2_000)
    return id
  },
  debounced: (rig, first) => {
    const id = first({ unique: rules.debounce })
    rig.pass(2_000)
    return id
  },
  running: (rig, first) => {
    const id = first({ unique: rules.rerun })
    rig.pass(1_000)
    rig.claim()
    rig.pass(1_000)
    return id
  },
  retrying: (rig, first) => {
    const id = states['running']?.(rig, first) ?? ''
    rig.settle(rig.row(id) as never, { ...failed, retryAfterMs: hourMs } as never)
    return id
  },
  snoozed: (rig, first) => {
    const id = states['running']?.(rig, first) ?? ''
    rig.settle(rig.row(id) as never, { kind: 'snoozed', forMs: hourMs })
    return id
  },
  stopping: (rig, first) => {
    const id = states['running']?.(rig, first) ?? ''
    rig.run('cancel', id)
    return id
  },
  completed: (rig, first) => {
    const id = states['running']?.(rig, first) ?? ''
    rig.settle(rig.row(id) as never, completed)
    return id
  },
  failed: (rig, first) => {
    const id = states['running']?.(rig, first) ?? ''
    rig.settle(rig.row(id) as never, rejected)
    return id
  },
  cancelled: (rig, first) => {
    const id = states['ready']?.(rig, first) ?? ''
    rig.run('cancel', id)
    return id
  },
}

/**
 * What a call does. `at`: the time of the job that answers it, in milliseconds from now. Without it, the holder
 * keeps the time it has.
 */
interface Answer {
  does: 'join' | 'refuse' | 'renew' | 'follow' | 'new'
  at?: number
}
const join: Answer = { does: 'join' }
const keeps: Answer = { does: 'renew' }

/** The table of unique.ts, through the real verb. */
const table: { rule: RuleName; when: (keyof typeof states)[]; answer: Answer; because: string }[] = [
  {
    rule: 'kept',
    when: ['ready', 'debounced', 'running', 'retrying', 'snoozed', 'stopping', 'completed', 'failed', 'cancelled'],
    answer: { does: 'refuse' },
    because: 'the caller would get the result of another input',
  },
  {
    rule: 'finished',
    when: ['ready', 'debounced', 'retrying', 'snoozed', 'running'],
    answer: join,
    because: 'it has not finished',
  },
  {
    rule: 'finished',
    when: ['stopping'],
    answer: { does: 'follow', at: 0 },
    because: 'joining it would lose the call, and a job beside it would be a second one',
  },
  {
    rule: 'finished',
    when: ['completed', 'failed', 'cancelled'],
    answer: { does: 'new', at: 0 },
    because: 'it has finished',
  },
  {
    rule: 'window',
    when: ['ready', 'debounced', 'running', 'retrying', 'snoozed', 'stopping', 'completed', 'failed', 'cancelled'],
    answer: join,
    because: 'it was made within the window',
  },
  {
    rule: 'debounce',
    when: ['debounced'],
    answer: { does: 'renew', at: 5_000 },
    because: 'calls are not quiet yet',
  },
  {
    rule: 'debounce',
    when: ['ready', 'retrying', 'snoozed'],
    answer: keeps,
    because: 'its quiet time is over, or an attempt has set its time',
  },
  {
    rule: 'debounce',
    when: ['running', 'stopping'],
    answer: { does: 'follow', at: 5_000 },
    because: 'the running job has an old input',
  },
  {
    rule: 'debounce',
    when: ['completed', 'failed', 'cancelled'],
    answer: { does: 'new', at: 5_000 },
    because: 'the first call of a burst waits for quiet too',
  },
  {
    rule: 'throttle',
    when: ['ready', 'debounced', 'retrying', 'snoozed'],
    answer: keeps,
    because: 'a waiting job takes the newest input',
  },
  {
    rule: 'throttle',
    when: ['running', 'stopping', 'completed', 'failed'],
    answer: { does: 'follow', at: minuteMs - 1_000 },
    because: 'the window counts from its start a second ago',
  },
  {
    rule: 'throttle',
    when: ['cancelled'],
    answer: { does: 'new', at: 0 },
    because: 'no job of the key has ever started',
  },
  {
    rule: 'rerun',
    when: ['ready', 'debounced', 'retrying', 'snoozed'],
    answer: keeps,
    because: 'a waiting job takes the newest input',
  },
  {
    rule: 'rerun',
    when: ['running', 'stopping'],
    answer: { does: 'follow', at: 0 },
    because: 'the newest input needs one more run',
  },
  {
    rule: 'rerun',
    when: ['completed', 'failed', 'cancelled'],
    answer: { does: 'new', at: 0 },
    because: 'there is nothing to wait for',
  },
]
const cases = table.flatMap(({ rule, when, answer, because }) =>
  when.map((state) => ({ rule, state, answer, because })),
)

export function uniqueSuite(withStore: WithStore): void {
  const rigged = riggedBy(withStore)
  const call = (rig: Rig, n: number, more: Partial<NewJob>): NewJob =>
    rig.job({ key: 'k', input: JSON.stringify(n), ...more })
  const one = (rig: Rig, job: NewJob) => rig.enqueueAll([job])[0] as Exclude<Enqueued, { refused: string }>

  /** Compares what the call did with what it was to do. */
  const expectAnswer = (rig: Rig, before: JobRowWithInput, job: NewJob, reply: Enqueued, { does, at }: Answer) => {
    const holder = rig.row(before.id)
    if (does === 'join' || does === 'refuse') {
      expect(reply).toMatchObject(does === 'join' ? { id: before.id, duplicate: true } : { refused: 'key-conflict' })
      expect(holder).toEqual(before)
      return
    }
    if (does === 'renew') {
      expect(reply).toEqual({ id: before.id, state: before.state, duplicate: true })
      const due = at === undefined ? {} : { dueAt: rig.now + at }
      const took = { input: job.input, bytes: job.input.length, calls: JSON.stringify([job.id]), leaseUntil: null }
      expect(holder).toEqual({ ...before, ...took, ...due })
      return
    }
    const row = rig.row(job.id)
    // The new job does not wait for a holder that has ended: only time may delay it.
    const follows = does === 'follow' && !isFinal(before.state)
    expect(reply).toEqual({ id: job.id, state: row.state, duplicate: false })
    expect(row).toMatchObject({ key: 'k', formerKey: null, input: job.input, after: follows ? before.id : null })
    expect(holder).toEqual({ ...before, key: null, formerKey: 'k', successor: follows ? job.id : null })
    const startsAt = rig.now + (at ?? 0)
    if (follows) expect(row).toMatchObject({ state: 'scheduled', notBefore: startsAt })
    else if (at === 0) expect(row).toMatchObject({ state: 'queued', dueAt: null })
    else expect(row).toMatchObject({ state: 'scheduled', dueAt: startsAt })
    expect(rig.record(before.id).idempotencyKey).toBe('k')
    if (follows) expect(rig.record(job.id)).toMatchObject({ after: before.id, dueAt: startsAt })
  }

  describe('a call whose key is held', () => {
    test.each(cases)('by a job that is $state gets $answer under $rule, because $because', ({ rule, state, answer }) =>
      rigged((rig) => {
        const id = states[state]?.(rig, (more) => one(rig, call(rig, 1, more ?? {})).id) ?? ''
        const before = rig.row(id)
        const job = call(rig, 2, { unique: rules[rule] })
        const [reply] = rig.enqueueAll([job])
        expectAnswer(rig, before, job, reply as Enqueued, answer)
        expect(rig.broken()).toEqual([])

        // A repeated call, at once and after a restart, changes nothing a second time.
        const rows = rig.rows()
        for (const between of [() => {}, () => rig.restart()]) {
          between()
          const [again] = rig.enqueueAll([job])
          expect(again).toEqual(reply)
          expect(rig.rows()).toEqual(rows)
        }
        expect(rig.broken()).toEqual([])
      }),
    )

    test.each(Object.keys(states))('as an idempotency key, with the same input, joins a job that is %s', (state) =>
      rigged((rig) => {
        const id = states[state]?.(rig, (more) => one(rig, call(rig, 1, more ?? {})).id) ?? ''
        const before = rig.row(id)
        expect(one(rig, call(rig, 1, {}))).toMatchObject({ id, duplicate: true })
        expect(rig.row(id)).toEqual(before)
      }),
    )

    test.each(Object.keys(states))('beyond its window makes another job beside a job that is %s', (state) =>
      rigged((rig) => {
        const id = states[state]?.(rig, (more) => one(rig, call(rig, 1, more ?? {})).id) ?? ''
        rig.now = rig.row(id).createdAt + minuteMs
        const reply = one(rig, call(rig, 2, { unique: rules.window }))
        expect(reply).toMatchObject({ state: 'queued', duplicate: false })
        expect(rig.row(reply.id)).toMatchObject({ key: 'k', after: null, dueAt: null })
        expect(rig.row(id)).toMatchObject({ key: null, formerKey: 'k', successor: null })
        expect(rig.broken()).toEqual([])
      }),
    )

    test('finds a holder of its own task and partition only', () =>
      rigged((rig) => {
        const unique = rules.finished
        const scopes = [{}, { task: 'draw' }, { partition: 'a' }, { partition: 'b' }]
        const ids = scopes.map((scope) => one(rig, call(rig, 1, { unique, ...scope })).id)
        expect(new Set(ids).size).toBe(4)
        const again = scopes.map((scope) => one(rig, call(rig, 2, { unique, ...scope })).id)
        expect(again).toEqual(ids)
      }))

    test.each<{ rule: RuleName; jobs: number; because: string }>([
      { rule: 'finished', jobs: 1, because: 'the later calls join the first' },
      { rule: 'window', jobs: 1, because: 'the later calls join the first' },
      { rule: 'debounce', jobs: 1, because: 'the first takes the newest input' },
      { rule: 'throttle', jobs: 1, because: 'the first takes the newest input' },
      { rule: 'rerun', jobs: 1, because: 'the first takes the newest input' },
    ])('by a job of the same request leaves $jobs job under $rule, because $because', ({ rule, jobs }) =>
      rigged((rig) => {
        const unique = rules[rule]
        const calls = [1, 2, 3].map((n) => call(rig, n, { unique }))
        const replies = rig.enqueueAll(calls)
        expect(replies).toMatchObject([{ duplicate: false }, { duplicate: true }, { duplicate: true }])
        expect(rig.rows()).toHaveLength(jobs)
        expect(rig.rows()[0]?.input).toBe(rule === 'finished' || rule === 'window' ? '1' : '3')
        expect(rig.enqueueAll(calls)).toMatchObject([{ id: calls[0]?.id }, { id: calls[0]?.id }, { id: calls[0]?.id }])
        expect(rig.rows()[0]?.input).toBe(rule === 'finished' || rule === 'window' ? '1' : '3')
        expect(rig.broken()).toEqual([])
      }),
    )

    test('by a running job makes one follower with the newest input, even three times in one request', () =>
      rigged((rig) => {
        one(rig, call(rig, 1, { unique: rules.rerun }))
        const running = rig.claim()
        // Ids of one millisecond are in no order.
        rig.pass(1)
        rig.enqueueAll([2, 3, 4].map((n) => call(rig, n, { unique: rules.rerun })))
        expect(rig.rows().map(({ input }) => input)).toEqual(['1', '4'])
        rig.settle(running, completed)
        expect(rig.claim({ runner: 'r2' }).input).toBe('4')
        expect(rig.broken()).toEqual([])
      }))

    test('by a job whose deadline has passed finds it expired before any alarm has rung', () =>
      rigged((rig) => {
        const old = one(rig, call(rig, 1, { unique: rules.rerun, expiresInMs: 1_000 })).id
        rig.pass(1_000)
        const reply = one(rig, call(rig, 2, { unique: rules.rerun }))
        expect(reply).toMatchObject({ duplicate: false, state: 'queued' })
        expect(rig.state(old)).toBe('failed expired')
        expect(rig.claim()).toMatchObject({ id: reply.id, input: '2' })
        expect(rig.broken()).toEqual([])
      }))

    test('gives its holder the higher priority, the newest input, and the newest deadline or none', () =>
      rigged((rig) => {
        const unique = rules.rerun
        const { id } = one(rig, call(rig, 1, { unique, priority: 3, expiresInMs: 1_000 }))
        one(rig, call(rig, 2, { unique, priority: 5, expiresInMs: minuteMs }))
        expect(rig.row(id)).toMatchObject({ input: '2', priority: 5, expiresAt: rig.now + minuteMs })
        one(rig, call(rig, 3, { unique, priority: 1 }))
        expect(rig.row(id)).toMatchObject({ input: '3', priority: 5, expiresAt: null })
        expect(rig.broken()).toEqual([])
      }))

    test('gives a large input to the claim of the job and counts its bytes', () =>
      rigged((rig) => {
        const unique = rules.rerun
        const { id } = one(rig, call(rig, 1, { unique }))
        const input = JSON.stringify('ä'.repeat(200_000))
        one(rig, call(rig, 2, { unique, input }))
        expect(rig.row(id).bytes).toBe(400_002)
        expect(rig.claim().input).toBe(input)
      }))

    test('changes no follower when it is repeated after its own job has run', () =>
      rigged((rig) => {
        const unique = rules.rerun
        const { id } = one(rig, call(rig, 1, { unique }))
        const second = call(rig, 2, { unique })
        one(rig, second)
        expect(rig.claim()).toMatchObject({ id, input: '2' })
        const third = one(rig, call(rig, 3, { unique }))
        one(rig, second)
        expect(rig.row(third.id).input).toBe('3')
      }))

    test('does not change how long a finished holder is kept, even when the clock steps back', () =>
      rigged((rig) => {
        rig.deploy({ policies: { send: { retentionMs: minuteMs } } })
        const unique = rules.finished
        const { id } = one(rig, call(rig, 1, { unique }))
        rig.settle(rig.claim(), completed)
        const keptUntil = rig.now + minuteMs
        expect(rig.row(id).dueAt).toBe(keptUntil)
        rig.pass(-30_000)
        one(rig, call(rig, 2, { unique }))
        expect(rig.row(id)).toMatchObject({ key: null, dueAt: keptUntil })
      }))

    test('makes a late success with the old input not count as one with the new input', () =>
      rigged((rig) => {
        const unique = rules.rerun
        const { id } = one(rig, call(rig, 1, { unique }))
        const first = rig.claim()
        rig.sync({ seq: 2, ack: 1, heartbeats: [heartbeatOf(first)] })
        rig.pass(leaseMs)
        rig.ring()
        one(rig, call(rig, 2, { unique }))
        rig.settle(first, completed, { seq: 3 })
        expect(rig.state(id)).toBe('retrying')
        expect(rig.claim({ runner: 'r2' })).toMatchObject({ id, input: '2' })
      }))
  })
}
