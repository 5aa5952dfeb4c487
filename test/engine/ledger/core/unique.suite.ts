import { describe, expect, test } from 'vitest'
import type { JobRowWithInput } from '../../../../src/engine/ledger/domain/row.ts'
import type { Enqueued, NewJob } from '../../../../src/engine/ledger/protocol/protocol.ts'
import type { UniqueRule } from '../../../../src/engine/task/unique.ts'
import {
  completed,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  minuteMs,
  Rig,
  type RigOptions,
  rejected,
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
  resting: (rig, first) => {
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
 * What a call does. `at`: the time of the job that answers it, in milliseconds from now. Left out, the holder keeps the
 * one it has.
 */
interface Answer {
  does: 'join' | 'refuse' | 'renew' | 'follow' | 'new'
  at?: number
}
const join: Answer = { does: 'join' }
const keeps: Answer = { does: 'renew' }

/** The table of unique.ts, over the real verb. */
const table: { rule: RuleName; when: (keyof typeof states)[]; answer: Answer; because: string }[] = [
  {
    rule: 'kept',
    when: ['ready', 'resting', 'running', 'retrying', 'snoozed', 'stopping', 'completed', 'failed', 'cancelled'],
    answer: { does: 'refuse' },
    because: 'the caller would get an answer to another question',
  },
  {
    rule: 'finished',
    when: ['ready', 'resting', 'retrying', 'snoozed', 'running'],
    answer: join,
    because: 'it has not finished',
  },
  {
    rule: 'finished',
    when: ['stopping'],
    answer: { does: 'follow', at: 0 },
    because: 'joining it would lose the call, and beside it there would be two',
  },
  {
    rule: 'finished',
    when: ['completed', 'failed', 'cancelled'],
    answer: { does: 'new', at: 0 },
    because: 'it has finished',
  },
  {
    rule: 'window',
    when: ['ready', 'resting', 'running', 'retrying', 'snoozed', 'stopping', 'completed', 'failed', 'cancelled'],
    answer: join,
    because: 'it was made within the window, whatever became of it',
  },
  {
    rule: 'debounce',
    when: ['resting'],
    answer: { does: 'renew', at: 5_000 },
    because: 'calls have not rested yet',
  },
  {
    rule: 'debounce',
    when: ['ready', 'retrying', 'snoozed'],
    answer: keeps,
    because: 'its rest is over, or an attempt of it has said when it comes',
  },
  {
    rule: 'debounce',
    when: ['running', 'stopping'],
    answer: { does: 'follow', at: 5_000 },
    because: 'the running one has an old input',
  },
  {
    rule: 'debounce',
    when: ['completed', 'failed', 'cancelled'],
    answer: { does: 'new', at: 5_000 },
    because: 'the first call of a burst rests as well',
  },
  {
    rule: 'throttle',
    when: ['ready', 'resting', 'retrying', 'snoozed'],
    answer: keeps,
    because: 'what waits takes the newest input',
  },
  {
    rule: 'throttle',
    when: ['running', 'stopping', 'completed', 'failed'],
    answer: { does: 'follow', at: minuteMs - 1_000 },
    because: 'a window after its start, and it began a second ago',
  },
  {
    rule: 'throttle',
    when: ['cancelled'],
    answer: { does: 'new', at: 0 },
    because: 'nothing of the key has ever started',
  },
  {
    rule: 'rerun',
    when: ['ready', 'resting', 'retrying', 'snoozed'],
    answer: keeps,
    because: 'what waits takes the newest input',
  },
  {
    rule: 'rerun',
    when: ['running', 'stopping'],
    answer: { does: 'follow', at: 0 },
    because: 'one more run, with the newest input',
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

const isFinal = (row: JobRowWithInput) => ['completed', 'failed', 'cancelled'].includes(row.state)

export function uniqueSuite(withStore: WithStore): void {
  const rigged = (work: (rig: Rig) => void, options: RigOptions = {}) =>
    withStore((store) => work(new Rig(store, options)))
  const call = (rig: Rig, n: number, more: Partial<NewJob>): NewJob =>
    rig.job({ key: 'k', input: JSON.stringify(n), ...more })
  const one = (rig: Rig, job: NewJob) => rig.enqueueAll([job])[0] as Exclude<Enqueued, { refused: string }>

  /** What the call did, held against what it was to do. */
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
    // One that has ended needs no waiting for: only time may stand against the new one.
    const follows = does === 'follow' && !isFinal(before)
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
    test.each(cases)('under $rule by a job that is $state: $answer, because $because', ({ rule, state, answer }) =>
      rigged((rig) => {
        const id = states[state]?.(rig, (more) => one(rig, call(rig, 1, more ?? {})).id) ?? ''
        const before = rig.row(id)
        const job = call(rig, 2, { unique: rules[rule] })
        const [reply] = rig.enqueueAll([job])
        expectAnswer(rig, before, job, reply as Enqueued, answer)
        expect(rig.broken()).toEqual([])

        // Said again, at once and after a restart, it changes nothing a second time.
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

    test.each(Object.keys(states))('as an idempotency key with the same input is joined: %s', (state) =>
      rigged((rig) => {
        const id = states[state]?.(rig, (more) => one(rig, call(rig, 1, more ?? {})).id) ?? ''
        const before = rig.row(id)
        expect(one(rig, call(rig, 1, {}))).toMatchObject({ id, duplicate: true })
        expect(rig.row(id)).toEqual(before)
      }),
    )

    test.each(Object.keys(states))('beyond its window is another job, beside the first: %s', (state) =>
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

    test('belongs to its task and its partition', () =>
      rigged((rig) => {
        const unique = rules.finished
        const places = [{}, { task: 'draw' }, { partition: 'a' }, { partition: 'b' }]
        const ids = places.map((place) => one(rig, call(rig, 1, { unique, ...place })).id)
        expect(new Set(ids).size).toBe(4)
        const again = places.map((place) => one(rig, call(rig, 2, { unique, ...place })).id)
        expect(again).toEqual(ids)
      }))

    test.each<{ rule: RuleName; jobs: number; because: string }>([
      { rule: 'finished', jobs: 1, because: 'the second joins the first' },
      { rule: 'window', jobs: 1, because: 'the second joins the first' },
      { rule: 'debounce', jobs: 1, because: 'the first takes the input of the second' },
      { rule: 'throttle', jobs: 1, because: 'the first takes the input of the second' },
      { rule: 'rerun', jobs: 1, because: 'the first takes the input of the second' },
    ])('by a job of the same request, under $rule: $jobs job, because $because', ({ rule, jobs }) =>
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

    test('by a running job, three times in one request, makes one follower with the newest input', () =>
      rigged((rig) => {
        one(rig, call(rig, 1, { unique: rules.rerun }))
        const running = rig.claim()
        rig.enqueueAll([2, 3, 4].map((n) => call(rig, n, { unique: rules.rerun })))
        expect(rig.rows().map(({ input }) => input)).toEqual(['1', '4'])
        rig.settle(running, completed)
        expect(rig.claim({ runner: 'r2' }).input).toBe('4')
        expect(rig.broken()).toEqual([])
      }))

    test('by a job whose deadline has passed, though nobody has looked, finds it ended', () =>
      rigged((rig) => {
        const old = one(rig, call(rig, 1, { unique: rules.rerun, expiresInMs: 1_000 })).id
        rig.pass(1_000)
        const reply = one(rig, call(rig, 2, { unique: rules.rerun }))
        expect(reply).toMatchObject({ duplicate: false, state: 'queued' })
        expect(rig.state(old)).toBe('failed expired')
        expect(rig.claim()).toMatchObject({ id: reply.id, input: '2' })
        expect(rig.broken()).toEqual([])
      }))

    test("takes the higher priority along with the input, and the newest call's deadline or its having none", () =>
      rigged((rig) => {
        const unique = rules.rerun
        const { id } = one(rig, call(rig, 1, { unique, priority: 3, expiresInMs: 1_000 }))
        one(rig, call(rig, 2, { unique, priority: 5, expiresInMs: minuteMs }))
        expect(rig.row(id)).toMatchObject({ input: '2', priority: 5, expiresAt: rig.now + minuteMs })
        one(rig, call(rig, 3, { unique, priority: 1 }))
        expect(rig.row(id)).toMatchObject({ input: '3', priority: 5, expiresAt: null })
        expect(rig.broken()).toEqual([])
      }))

    test("gives the input of a large call to the job's claim, and its bytes to the count", () =>
      rigged((rig) => {
        const unique = rules.rerun
        const { id } = one(rig, call(rig, 1, { unique }))
        const input = JSON.stringify('ä'.repeat(200_000))
        one(rig, call(rig, 2, { unique, input }))
        expect(rig.row(id).bytes).toBe(400_002)
        expect(rig.claim().input).toBe(input)
      }))

    test('a call said again late, when its job has run and another follows, takes nothing from that one', () =>
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

    test('a finished job whose key another takes is kept for as long as it was, whatever the clock says by then', () =>
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

    test('a late success with the old input does not pass for one with the new', () =>
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
