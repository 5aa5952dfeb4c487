import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JobRow } from '../../../../src/engine/ledger/domain/row.ts'
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
import type { Outcome } from '../../../../src/engine/ledger/protocol/protocol.ts'
import { historyCharsMax, historyEntriesMax } from '../../../../src/engine/task/bounds.ts'
import { type AttemptRecord, isFinal, type JobState, jobStates } from '../../../../src/engine/task/job.ts'
import { defaultRetryPolicy } from '../../../../src/engine/task/retry.ts'
import { cancelled, completed, failed, rejected, snoozed } from '../rig.ts'

const now = 1_900_000_000_000
/** A wait of one second after an attempt that failed. */
const circumstances: Circumstances = {
  now,
  random: 0.5,
  retry: { ...defaultRetryPolicy, backoff: 'fixed', jitter: 'none' },
}
const lease = 'r1.1.x'

/** A job in its second of three attempts, as it is in each state. */
function job(state: JobState, more: Partial<JobRow> = {}): JobRow {
  const final = isFinal(state)
  return {
    id: '3-01',
    task: 'send',
    partition: '',
    state,
    reason: state === 'failed' ? 'exhausted' : null,
    priority: 0,
    bytes: 2,
    attempt: 2,
    maxAttempts: 3,
    lapses: 0,
    refunds: 0,
    createdAt: now - 9_000,
    dueAt: state === 'scheduled' || state === 'retrying' ? now - 1 : null,
    notBefore: null,
    expiresAt: null,
    startedAt: now - 500,
    finishedAt: final ? now - 1 : null,
    lease,
    leaseUntil: state === 'running' ? now + 1 : null,
    cancelling: 0,
    key: null,
    formerKey: null,
    calls: null,
    keyStartedAt: null,
    after: null,
    successor: null,
    tags: null,
    schedule: null,
    slot: null,
    trace: null,
    progress: null,
    error: null,
    history: null,
    output: state === 'completed' ? '1' : null,
    ...more,
  }
}

/** A job that waits although the lease of its newest attempt is live: the attempt has lapsed. */
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
    'it was done before anybody could stop it',
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
    'nobody wants another attempt',
  ],
  [
    'snoozed',
    job('running'),
    { state: 'scheduled', dueAt: now + 60_000, attempt: 1, leaseUntil: null },
    'a snooze gives its attempt back',
  ],
  [
    'snoozed',
    job('running', { attempt: 3 }),
    { state: 'scheduled', attempt: 2 },
    'so the last attempt may be snoozed for ever',
  ],
  ['snoozed', job('running', { cancelling: 1 }), { ...done, state: 'cancelled' }, 'it was asked to stop'],
  [
    'rejected',
    job('running', { attempt: 1 }),
    { ...done, state: 'failed', reason: 'rejected', attempt: 1 },
    'it can never work',
  ],
  [
    'rejected',
    job('running', { cancelling: 1 }),
    { ...done, state: 'cancelled', reason: null },
    'it was asked to stop',
  ],
  ['cancelled', job('running'), { ...done, state: 'cancelled', reason: null }, 'its handler stopped'],
  [
    'lapse',
    job('running'),
    { state: 'retrying', dueAt: now, attempt: 2, lapses: 1, lease, leaseUntil: now + 1 },
    'a first death is most often a deploy; a late success still counts',
  ],
  [
    'lapse',
    job('running', { lapses: 1 }),
    { state: 'retrying', dueAt: now + 1_000, lapses: 2 },
    "a second one may be the job's doing",
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
    'nobody wants another attempt',
  ],
  [
    'lapse',
    job('running', { attempt: 3, cancelling: 1 }),
    { ...done, state: 'cancelled', reason: null },
    'it was asked to stop, and that is how it ended',
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
    'not even the last one',
  ],
  [
    'lapse unconfirmed',
    job('running', { refunds: refundsMax }),
    { state: 'retrying', attempt: 2, refunds: refundsMax, lapses: 1 },
    'more would let a broken runner loop for ever',
  ],
  [
    'lapse unconfirmed',
    job('running', { attempt: 3, refunds: refundsMax }),
    { ...done, state: 'failed', reason: 'crashed' },
    'it is given back three times and no more',
  ],
  [
    'lapse unconfirmed',
    job('running', { cancelling: 1 }),
    { ...done, state: 'cancelled' },
    'there is nothing to give back to',
  ],
  [
    'cancel',
    job('running'),
    { state: 'running', cancelling: 1, lease, leaseUntil: now + 1 },
    'its runner learns it with the next beat',
  ],
  ['cancel', job('running', { cancelling: 1 }), { state: 'running', cancelling: 1 }, 'asking twice is asking once'],
  ['redrive', job('running'), unmoved, 'it has not ended'],
]

const waiting: Line[] = (['queued', 'scheduled', 'retrying'] as const).flatMap((state): Line[] => [
  ['failed', job(state), unmoved, 'no attempt is under way'],
  ['snoozed', job(state), unmoved, 'no attempt is under way'],
  ['rejected', job(state), unmoved, 'no attempt is under way'],
  ['cancelled', job(state), unmoved, 'no attempt is under way'],
  ['cancel', job(state), { ...done, state: 'cancelled', reason: null, attempt: 2 }, 'nobody has to be asked'],
  ['redrive', job(state), unmoved, 'it has not ended'],
])

const afterLapse: Line[] = [
  [
    'completed',
    lapsedJob(),
    { ...done, state: 'completed', attempt: 2, output: '"done"' },
    'the work is done, late or not',
  ],
  [
    'completed',
    lapsedJob({ attempt: 0, refunds: 1 }),
    { ...done, state: 'completed', attempt: 1 },
    'what completed has been tried once at least',
  ],
  ['failed', lapsedJob(), unmoved, 'the lapse has counted the attempt'],
  ['snoozed', lapsedJob(), unmoved, 'the lapse has counted the attempt'],
  ['rejected', lapsedJob(), unmoved, 'the lapse has counted the attempt'],
  ['cancelled', lapsedJob(), unmoved, 'the lapse has counted the attempt'],
  ['cancel', lapsedJob(), { ...done, state: 'cancelled' }, 'the lease dies with it, so that no late success comes'],
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
const final: Line[] = (['completed', 'failed', 'cancelled'] as const).flatMap((state): Line[] => [
  ['completed', job(state), unmoved, 'final states are final'],
  ['failed', job(state), unmoved, 'final states are final'],
  ['snoozed', job(state), unmoved, 'final states are final'],
  ['rejected', job(state), unmoved, 'final states are final'],
  ['cancelled', job(state), unmoved, 'final states are final'],
  ['cancel', job(state), unmoved, 'there is nothing left to stop'],
  [
    'redrive',
    job(state, { lapses: 2, refunds: 3 }),
    { ...fresh, attempt: 2, maxAttempts: 7, lapses: 0, refunds: 0 },
    "an operator wants it tried anew, with its policy's attempts on top",
  ],
])

describe.each([
  ['that runs', running],
  ['that waits', waiting],
  ['that waits after a lapse', afterLapse],
  ['that has ended', final],
])('a job %s', (_, lines) => {
  test.each(lines.map((line) => ({ event: line[0], from: line[1], to: line[2], because: line[3] })))(
    '$event of a $from.state job in attempt $from.attempt of $from.maxAttempts: $to.state, because $because',
    ({ event, from, to }) => {
      const before = structuredClone(from)
      const after = events[event](from)
      if (to === undefined) expect(after).toBeUndefined()
      else expect(after).toMatchObject(to)
      expect(from, 'the row that went in is as it was').toEqual(before)
    },
  )
})

test('the tables have every state beside every event that can meet it', () => {
  const met = new Set(
    [...running, ...waiting, ...afterLapse, ...final].map(([event, { state }]) => `${event} ${state}`),
  )
  const never = (event: Event, state: JobState) =>
    // Only a running job has a lease that can lapse; a waiting one completes only after a lapse, as `retrying`.
    (event.startsWith('lapse') && state !== 'running') ||
    (event === 'completed' && (state === 'queued' || state === 'scheduled'))
  const pairs = jobStates.flatMap((state) => (Object.keys(events) as Event[]).map((event) => ({ event, state })))
  expect(pairs.filter(({ event, state }) => !met.has(`${event} ${state}`) && !never(event, state))).toEqual([])
})

describe('begun', () => {
  test('counts the attempt under a new lease and forgets the progress of the one before', () => {
    const row = begun(job('queued', { attempt: 1, progress: '{}' }), 'r2.5.y', now + 30_000, now)
    const told = {
      state: 'running',
      attempt: 2,
      lease: 'r2.5.y',
      leaseUntil: now + 30_000,
      startedAt: now,
      progress: null,
    }
    expect(row).toMatchObject(told)
  })
})

describe('refunded', () => {
  test('is as if the claim had not been, and due at once', () => {
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
    [{ kind: 'vanished' } as never, 'a runner of another version reported "vanished"', 'no table of ours knows it'],
    [
      { kind: 'toString' } as never,
      'a runner of another version reported "toString"',
      'what every object has is no outcome',
    ],
    [
      { kind: 'completed', output: JSON.stringify('x'.repeat(600_000)) },
      'the output is over 512 KiB of JSON; store it in R2 and return its key',
      'it would not fit its row',
    ],
    [{ kind: 'snoozed', forMs: Number.NaN }, 'a snooze of NaN ms has no end', 'it would never be due'],
    [{ kind: 'snoozed', forMs: -5 }, 'a snooze of -5 ms has no end', 'time goes forward'],
    [{ kind: 'snoozed', forMs: 1e300 }, 'a snooze of 1e+300 ms has no end', 'no alarm can be set for it'],
  ])('%j counts as a failure that says %j, because %s', (outcome, message) => {
    const row = settled(job('running'), { outcome, ranMs: 1 }, circumstances)
    expect(row).toMatchObject({ state: 'retrying', attempt: 2 })
    expect(JSON.parse(row?.error ?? '')).toEqual({ name: 'UnstorableOutcome', message })
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1, 1e300])(
    "a wait of %d is given up for the policy's, and the error stays",
    (retryAfterMs) => {
      const row = settled(job('running'), { outcome: { ...failed, retryAfterMs } as Outcome, ranMs: 1 }, circumstances)
      expect(row).toMatchObject({
        state: 'retrying',
        dueAt: now + 1_000,
        error: '{"name":"Error","message":"no luck"}',
      })
    },
  )

  test('an output of exactly 512 KiB is taken', () => {
    const output = JSON.stringify('x'.repeat(512 * 1024 - 2))
    expect(settled(job('running'), { outcome: { kind: 'completed', output }, ranMs: 1 }, circumstances)).toMatchObject({
      state: 'completed',
    })
  })

  test('the last progress is recorded, and what is completed is done', () => {
    const progress = { value: 0.3, message: 'third' }
    const end = (outcome: Outcome) => settled(job('running'), { outcome, ranMs: 1, progress }, circumstances)?.progress
    expect(JSON.parse(end(failed) ?? '')).toEqual(progress)
    expect(JSON.parse(end(completed) ?? '')).toEqual({ value: 1, message: 'third' })
    expect(settled(job('running'), { outcome: completed, ranMs: 1 }, circumstances)?.progress).toBeNull()
  })

  test('the attempt is recorded with its times, its error and its log', () => {
    const log = [{ at: now, message: 'hello' }]
    const row = settled(job('running'), { outcome: failed, ranMs: 70, log }, circumstances)
    const error = { name: 'Error', message: 'no luck' }
    expect(JSON.parse(row?.history ?? '')).toEqual([
      { attempt: 2, startedAt: now - 70, endedAt: now, outcome: 'failed', error, log },
    ])
  })

  test('a clock that stepped back makes no attempt end before it began', () => {
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

  /** What the ledger would let happen: claims of waiting jobs with attempts left, ends of live leases. */
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

  test('a job that fails for ever keeps its newest attempts', () => {
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
