import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type JobRow, newRow } from '../../../../src/engine/ledger/domain/row.ts'
import {
  begun,
  type Circumstances,
  cancelAsked,
  lapsed,
  redriven,
  refunded,
  refundsMax,
  settled,
} from '../../../../src/engine/ledger/domain/transitions.ts'
import type { Outcome } from '../../../../src/engine/ledger/protocol/sync.ts'
import { historyCharsMax, historyEntriesMax } from '../../../../src/engine/task/bounds.ts'
import { type AttemptRecord, finalStates, isFinal, type JobState, jobStates } from '../../../../src/engine/task/job.ts'
import { defaultRetryPolicy } from '../../../../src/engine/task/retry.ts'
import { claimability } from '../../../../src/engine/task/states.ts'
import { cancelled, completed, failed, rejected, snoozed } from '../rig.ts'

const now = 1_900_000_000_000
/** A failed attempt is followed by a wait of one second. */
const circumstances: Circumstances = {
  now,
  random: 0.5,
  retry: { ...defaultRetryPolicy, backoff: 'fixed', jitter: 'none' },
}
const lease = 'r1.1.x'

const waits = (state: JobState) => claimability(state) !== false

/** A job in this state, in the second of its three attempts. */
function job(state: JobState, more: Partial<JobRow> = {}): JobRow {
  const { input: _, ...fresh } = newRow({ id: '3-01', task: 'send', input: '{}', maxAttempts: 3 }, now - 9_000)
  return {
    ...fresh,
    state,
    reason: state === 'failed' ? 'exhausted' : null,
    attempt: 2,
    dueAt: claimability(state) === 'when due' ? now - 1 : null,
    startedAt: now - 500,
    finishedAt: isFinal(state) ? now - 1 : null,
    lease,
    leaseUntil: state === 'running' ? now + 1 : null,
    output: state === 'completed' ? '1' : null,
    ...more,
  }
}

/** A job whose newest attempt has lapsed: it waits, and the lease of that attempt is still live. */
const lapsedJob = (more: Partial<JobRow> = {}) => job('retrying', { leaseUntil: now - 1, lapses: 1, ...more })

const events = {
  completed: (row: JobRow) => settled(row, { outcome: completed, ranMs: 10 }, circumstances),
  failed: (row: JobRow) => settled(row, { outcome: failed, ranMs: 10 }, circumstances),
  snoozed: (row: JobRow) => settled(row, { outcome: snoozed, ranMs: 10 }, circumstances),
  rejected: (row: JobRow) => settled(row, { outcome: rejected, ranMs: 10 }, circumstances),
  cancelled: (row: JobRow) => settled(row, { outcome: cancelled, ranMs: 10 }, circumstances),
  lapse: (row: JobRow) => lapsed(row, false, circumstances),
  'lapse unconfirmed': (row: JobRow) => lapsed(row, true, circumstances),
  cancel: (row: JobRow) => cancelAsked(row, now),
  redrive: (row: JobRow) => redriven(row, circumstances),
} as const
type Event = keyof typeof events

type Line = [event: Event, from: JobRow, to: Partial<JobRow> | undefined, because: string]

const done = { dueAt: null, finishedAt: now, leaseUntil: null, cancelling: 0 }
const again = { dueAt: now + 1_000, leaseUntil: null, finishedAt: null }
const unmoved = undefined

const running: Line[] = [
  [
    'completed',
    job('running'),
    { ...done, state: 'completed', attempt: 2, output: '"done"', error: null },
    'the work is done',
  ],
  [
    'completed',
    job('running', { attempt: 3, error: '{}' }),
    { ...done, state: 'completed', attempt: 3, error: null },
    'an earlier failure no longer matters',
  ],
  [
    'completed',
    job('running', { cancelling: 1 }),
    { ...done, state: 'completed' },
    'it completed before it could be stopped',
  ],
  ['failed', job('running'), { ...again, state: 'retrying', attempt: 2, lapses: 0 }, 'attempts are left'],
  [
    'failed',
    job('running', { attempt: 3 }),
    { ...done, state: 'failed', reason: 'exhausted', attempt: 3 },
    'it was the last attempt',
  ],
  [
    'failed',
    job('running', { cancelling: 1 }),
    { ...done, state: 'cancelled', reason: null },
    'a job that is being cancelled gets no further attempt',
  ],
  [
    'snoozed',
    job('running'),
    { state: 'scheduled', dueAt: now + 60_000, attempt: 1, leaseUntil: null },
    'a snooze uses no attempt',
  ],
  [
    'snoozed',
    job('running', { attempt: 3 }),
    { state: 'scheduled', attempt: 2 },
    'the last attempt may snooze any number of times',
  ],
  ['snoozed', job('running', { cancelling: 1 }), { ...done, state: 'cancelled' }, 'it is being cancelled'],
  [
    'rejected',
    job('running', { attempt: 1 }),
    { ...done, state: 'failed', reason: 'rejected', attempt: 1 },
    'its handler has said that no attempt can succeed',
  ],
  [
    'rejected',
    job('running', { cancelling: 1 }),
    { ...done, state: 'cancelled', reason: null },
    'it is being cancelled',
  ],
  ['cancelled', job('running'), { ...done, state: 'cancelled', reason: null }, 'its handler has stopped'],
  [
    'lapse',
    job('running'),
    { state: 'retrying', dueAt: now, attempt: 2, lapses: 1, lease, leaseUntil: now + 1 },
    'a first lapse is most often a deploy, and a late success still counts',
  ],
  [
    'lapse',
    job('running', { lapses: 1 }),
    { state: 'retrying', dueAt: now + 1_000, lapses: 2 },
    'a second lapse may be caused by the job itself',
  ],
  [
    'lapse',
    job('running', { attempt: 3 }),
    { ...done, state: 'failed', reason: 'crashed', lapses: 1 },
    'it was the last attempt',
  ],
  [
    'lapse',
    job('running', { cancelling: 1 }),
    { ...done, state: 'cancelled', reason: null },
    'a job that is being cancelled gets no further attempt',
  ],
  [
    'lapse',
    job('running', { attempt: 3, cancelling: 1 }),
    { ...done, state: 'cancelled', reason: null },
    'it is being cancelled, which decides how it ends',
  ],
  [
    'lapse unconfirmed',
    job('running'),
    { state: 'retrying', dueAt: now, attempt: 1, refunds: 1, lapses: 1, history: null },
    'the attempt never started',
  ],
  [
    'lapse unconfirmed',
    job('running', { attempt: 3 }),
    { state: 'retrying', attempt: 2, refunds: 1 },
    'a last attempt that never started is given back too',
  ],
  [
    'lapse unconfirmed',
    job('running', { refunds: refundsMax }),
    { state: 'retrying', attempt: 2, refunds: refundsMax, lapses: 1 },
    'a job has three refunds, so that a broken runner cannot loop for ever',
  ],
  [
    'lapse unconfirmed',
    job('running', { attempt: 3, refunds: refundsMax }),
    { ...done, state: 'failed', reason: 'crashed' },
    'it was the last attempt, and no refund is left',
  ],
  [
    'lapse unconfirmed',
    job('running', { cancelling: 1 }),
    { ...done, state: 'cancelled' },
    'a job that is being cancelled needs no attempt back',
  ],
  [
    'cancel',
    job('running'),
    { state: 'running', cancelling: 1, lease, leaseUntil: now + 1 },
    'its runner learns of it with the next heartbeat',
  ],
  ['cancel', job('running', { cancelling: 1 }), { state: 'running', cancelling: 1 }, 'a second cancel changes nothing'],
  ['redrive', job('running'), unmoved, 'it has not ended'],
]

const waiting: Line[] = jobStates.filter(waits).flatMap((state): Line[] => [
  ['failed', job(state), unmoved, 'no attempt is running'],
  ['snoozed', job(state), unmoved, 'no attempt is running'],
  ['rejected', job(state), unmoved, 'no attempt is running'],
  ['cancelled', job(state), unmoved, 'no attempt is running'],
  ['cancel', job(state), { ...done, state: 'cancelled', reason: null, attempt: 2 }, 'no runner has to stop first'],
  ['redrive', job(state), unmoved, 'it has not ended'],
])

const afterLapse: Line[] = [
  ['completed', lapsedJob(), { ...done, state: 'completed', attempt: 2, output: '"done"' }, 'a late success counts'],
  [
    'completed',
    lapsedJob({ attempt: 0, refunds: 1 }),
    { ...done, state: 'completed', attempt: 1 },
    'a completed job has had at least one attempt',
  ],
  ['failed', lapsedJob(), unmoved, 'the lapse has already ended the attempt'],
  ['snoozed', lapsedJob(), unmoved, 'the lapse has already ended the attempt'],
  ['rejected', lapsedJob(), unmoved, 'the lapse has already ended the attempt'],
  ['cancelled', lapsedJob(), unmoved, 'the lapse has already ended the attempt'],
  [
    'cancel',
    lapsedJob(),
    { ...done, state: 'cancelled' },
    'the lease ends with the job, so that a late success changes nothing',
  ],
]

const fresh = {
  state: 'queued',
  reason: null,
  dueAt: null,
  finishedAt: null,
  leaseUntil: null,
  output: null,
  progress: null,
} as const
const final: Line[] = finalStates.flatMap((state): Line[] => [
  ['completed', job(state), unmoved, 'final states are final'],
  ['failed', job(state), unmoved, 'final states are final'],
  ['snoozed', job(state), unmoved, 'final states are final'],
  ['rejected', job(state), unmoved, 'final states are final'],
  ['cancelled', job(state), unmoved, 'final states are final'],
  ['cancel', job(state), unmoved, 'there is nothing to stop'],
  [
    'redrive',
    job(state, { lapses: 2, refunds: 3 }),
    { ...fresh, attempt: 2, maxAttempts: 7, lapses: 0, refunds: 0 },
    'a redrive adds the attempts of the policy',
  ],
])

describe.each([
  ['that is running', running],
  ['that is waiting', waiting],
  ['that is waiting after a lapse', afterLapse],
  ['that has ended', final],
])('a job %s', (_, lines) => {
  const named = lines.map(([event, from, to, because]) => {
    const next = to?.state === from.state ? `stays ${from.state}` : `becomes ${to?.state}`
    const result = to === undefined ? 'does not change' : next
    const attempt = `${from.attempt} of ${from.maxAttempts}`
    const title = `${result} on ${event} when it is ${from.state} in attempt ${attempt}, because ${because}`
    return [title, event, from, to] as const
  })
  test.each(named)('%s', (_, event, from, to) => {
    const before = structuredClone(from)
    const after = events[event](from)
    if (to === undefined) expect(after).toBeUndefined()
    else expect(after).toMatchObject(to)
    expect(from, 'the given row is not modified').toEqual(before)
  })
})

test('the tables above have a line for every event that can happen in a state', () => {
  const met = new Set(
    [...running, ...waiting, ...afterLapse, ...final].map(([event, { state }]) => `${event} ${state}`),
  )
  const never = (event: Event, state: JobState) =>
    // Only a running job has a lease that can lapse. A waiting job completes only after a lapse, in state `retrying`.
    (event.startsWith('lapse') && state !== 'running') ||
    (event === 'completed' && waits(state) && state !== 'retrying')
  const pairs = jobStates.flatMap((state) => (Object.keys(events) as Event[]).map((event) => ({ event, state })))
  expect(pairs.filter(({ event, state }) => !met.has(`${event} ${state}`) && !never(event, state))).toEqual([])
})

describe('begun', () => {
  test('counts the attempt, sets the new lease and removes the progress of the attempt before', () => {
    const row = begun(job('queued', { attempt: 1, progress: '{}' }), 'r2.5.y', now + 30_000, now)
    const expected = {
      state: 'running',
      attempt: 2,
      lease: 'r2.5.y',
      leaseUntil: now + 30_000,
      startedAt: now,
      progress: null,
    }
    expect(row).toMatchObject(expected)
  })
})

describe('refunded', () => {
  test('takes the claim back and makes the job due at once', () => {
    expect(refunded(job('running'), now)).toMatchObject({
      state: 'retrying',
      dueAt: now,
      attempt: 1,
      refunds: 1,
      history: null,
    })
  })
})

describe('settled', () => {
  test.each<[outcome: Outcome, error: string, because: string]>([
    [
      { kind: 'vanished' } as never,
      'a runner of another version reported "vanished"',
      'this version does not know the outcome',
    ],
    [
      { kind: 'toString' } as never,
      'a runner of another version reported "toString"',
      'a property that every object has is no outcome',
    ],
    [
      { kind: 'completed', output: JSON.stringify('x'.repeat(600_000)) },
      'the output is over 512 KiB of JSON; store it in R2 and return its key',
      'the output does not fit into its row',
    ],
    [{ kind: 'snoozed', forMs: Number.NaN }, 'a snooze of NaN ms has no end', 'the job would never be due'],
    [
      { kind: 'snoozed', forMs: -5 },
      'a snooze of -5 ms has no end',
      'a job cannot be due before its attempt has ended',
    ],
    [{ kind: 'snoozed', forMs: 1e300 }, 'a snooze of 1e+300 ms has no end', 'no alarm can be set for so late a time'],
  ])('reads %j as a failure with the message %j, because %s', (outcome, message) => {
    const row = settled(job('running'), { outcome, ranMs: 1 }, circumstances)
    expect(row).toMatchObject({ state: 'retrying', attempt: 2 })
    expect(JSON.parse(row?.error ?? '')).toEqual({ name: 'UnstorableOutcome', message })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300])(
    'replaces a retryAfterMs of %d by the delay of the retry policy, and keeps the error',
    (retryAfterMs) => {
      const row = settled(job('running'), { outcome: { ...failed, retryAfterMs } as Outcome, ranMs: 1 }, circumstances)
      expect(row).toMatchObject({
        state: 'retrying',
        dueAt: now + 1_000,
        error: '{"name":"Error","message":"no luck"}',
      })
    },
  )

  test('accepts an output of exactly 512 KiB', () => {
    const output = JSON.stringify('x'.repeat(512 * 1024 - 2))
    expect(settled(job('running'), { outcome: { kind: 'completed', output }, ranMs: 1 }, circumstances)).toMatchObject({
      state: 'completed',
    })
  })

  test('records the last progress, and sets the progress of a completed job to 1', () => {
    const progress = { value: 0.3, message: 'third' }
    const end = (outcome: Outcome) => settled(job('running'), { outcome, ranMs: 1, progress }, circumstances)?.progress
    expect(JSON.parse(end(failed) ?? '')).toEqual(progress)
    expect(JSON.parse(end(completed) ?? '')).toEqual({ value: 1, message: 'third' })
    expect(settled(job('running'), { outcome: completed, ranMs: 1 }, circumstances)?.progress).toBeNull()
  })

  test('records the attempt with its times, its error and its log', () => {
    const log = [{ at: now, message: 'hello' }]
    const row = settled(job('running'), { outcome: failed, ranMs: 70, log }, circumstances)
    const error = { name: 'Error', message: 'no luck' }
    expect(JSON.parse(row?.history ?? '')).toEqual([
      { attempt: 2, startedAt: now - 70, endedAt: now, outcome: 'failed', error, log },
    ])
  })

  test('records no attempt that ends before it began, even when the clock has stepped back', () => {
    const row = settled(job('running'), { outcome: failed, ranMs: -70 }, circumstances)
    expect(JSON.parse(row?.history ?? '')).toMatchObject([{ startedAt: now, endedAt: now }])
  })
})

describe('any sequence of events', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('claim', ...(Object.keys(events) as Event[])), fc.nat(200_000)), {
    maxLength: 120,
  })

  test('leaves a final state only by a redrive, counts attempts within their maximum, and bounds the history', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 5 }), (sequence, maxAttempts) => {
        let row: JobRow = job('queued', { attempt: 0, maxAttempts, lease: null, startedAt: null })
        for (const [event, size] of sequence) {
          const next = step(row, event, size)
          if (!next) continue
          if (isFinal(row.state)) expect(event, 'I3').toBe('redrive')
          expect(next.attempt, 'I4').toBeGreaterThanOrEqual(0)
          expect(next.attempt, 'I4').toBeLessThanOrEqual(next.maxAttempts)
          expect(next.refunds).toBeLessThanOrEqual(refundsMax)
          if (isFinal(next.state)) expect(next).toMatchObject({ leaseUntil: null, dueAt: null, cancelling: 0 })
          if (next.state === 'running') expect(next.leaseUntil).not.toBeNull()
          if (next.state === 'scheduled' || next.state === 'retrying') expect(next.dueAt).not.toBeNull()
          expect(next.reason !== null).toBe(next.state === 'failed')
          expect(next.finishedAt !== null).toBe(isFinal(next.state))
          const history = JSON.parse(next.history ?? '[]') as AttemptRecord[]
          expect(history.length).toBeLessThanOrEqual(historyEntriesMax)
          expect((next.history ?? '').length).toBeLessThanOrEqual(historyCharsMax + 200)
          row = next
        }
      }),
    )
  })

  /** The row after an event, if a ledger allows it: claims of waiting jobs with attempts left, ends of live leases. */
  function step(row: JobRow, event: 'claim' | Event, size: number): JobRow | undefined {
    const waits = row.state === 'queued' || row.state === 'scheduled' || row.state === 'retrying'
    if (event === 'claim')
      return waits && row.attempt < row.maxAttempts ? begun(row, `r.${size}.x`, now + 1, now) : undefined
    if (event === 'cancel' || event === 'redrive') return events[event](row)
    if (row.leaseUntil === null) return undefined
    if (event.startsWith('lapse')) return row.state === 'running' ? events[event](row) : undefined
    if (event !== 'failed') return events[event](row)
    const outcome: Outcome = { kind: 'failed', error: { name: 'E', message: 'x'.repeat(size % 100_000) } }
    return settled(row, { outcome, ranMs: 1 }, circumstances)
  }

  test('keeps the newest attempts in the history of a job that fails again and again', () => {
    let row = job('queued', { attempt: 0, maxAttempts: 1_000 })
    for (let count = 1; count <= 200; count++) {
      row = settled(begun(row, 'r.1.x', now, now), { outcome: failed, ranMs: 1 }, circumstances) as JobRow
    }
    const history = JSON.parse(row.history ?? '') as AttemptRecord[]
    expect(history.map(({ attempt }) => attempt)).toEqual(
      Array.from({ length: historyEntriesMax }, (_, index) => 151 + index),
    )
  })
})
