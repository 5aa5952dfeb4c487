/** What limits, keys, schedules, control and deadlines cost, counted by the platform's own meters (I11). */
import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import { noCounts } from '../../../src/engine/ledger/domain/counts.ts'
import { jobIdFloor } from '../../../src/engine/ledger/domain/job-id.ts'
import { durableSql } from '../../../src/engine/ledger/host/durable-sql.ts'
import type { NewJob } from '../../../src/engine/ledger/protocol/enqueue.ts'
import type { Meter } from '../../../src/engine/ledger/storage/sql.ts'
import { freshLedger } from './real-ledger.ts'
import {
  completed,
  dayMs,
  heartbeatOf,
  hourMs,
  limited,
  minuteMs,
  Rig,
  type RigOptions,
  settlementOf,
  shard,
  withAlarm,
} from './rig.ts'
import { shardSchedule } from './shard-schedules.ts'

type Cost = (work: () => unknown) => Meter

/** Runs `work` with a rig over a Durable Object's storage and a function that counts rows. The first facts are stored. */
async function metered(options: RigOptions, work: (rig: Rig, cost: Cost) => void): Promise<void> {
  await runInDurableObject(freshLedger().ledger, async (_, { storage }) => {
    const meter: Meter = { rowsRead: 0, rowsWritten: 0 }
    const store = { ...withAlarm(durableSql(storage, meter)), rowsWritten: () => meter.rowsWritten }
    const rig = new Rig(store, options)
    rig.core.reconcile(rig.now)
    rig.enqueueAll([])
    work(rig, (what) => {
      const before = { ...meter }
      what()
      return { rowsRead: meter.rowsRead - before.rowsRead, rowsWritten: meter.rowsWritten - before.rowsWritten }
    })
  })
}

const many = (rig: Rig, count: number, more: Partial<NewJob> = {}) =>
  rig.enqueueAll(Array.from({ length: count }, () => rig.job(more)))
const rate = { limit: 100, per: 1_000 }

describe('the rows written under limits', () => {
  test.each([
    { what: 'no limit', limits: {}, jobs: 10, partitions: ['a'], rows: 10, because: 'each job is a row' },
    {
      what: 'a rate limit',
      limits: { rateLimit: rate },
      jobs: 1,
      partitions: ['a'],
      rows: 2,
      because: 'the log is one more row',
    },
    {
      what: 'a rate limit',
      limits: { rateLimit: rate },
      jobs: 50,
      partitions: ['a'],
      rows: 51,
      because: 'the log is one row for all jobs',
    },
    {
      what: 'a rate limit a partition',
      limits: { perPartition: { rateLimit: rate } },
      jobs: 10,
      partitions: ['a', 'b'],
      rows: 22,
      because: 'each partition has a log',
    },
    {
      what: 'both rate limits',
      limits: { rateLimit: rate, perPartition: { rateLimit: rate } },
      jobs: 10,
      partitions: ['a', 'b'],
      rows: 23,
      because: 'the task has a log too',
    },
    {
      what: 'concurrency limits',
      limits: { concurrency: 100, perPartition: { concurrency: 50 } },
      jobs: 10,
      partitions: ['a', 'b'],
      rows: 20,
      because: 'live leases are counted in memory',
    },
  ])(
    'are $rows for a claim of $jobs jobs in each of $partitions under $what, because $because',
    async ({ limits, jobs, partitions, rows }) =>
      metered({ policies: { send: limited(limits) } }, (rig, cost) => {
        const inserted = cost(() => {
          for (const partition of partitions) many(rig, jobs, { partition })
        })
        expect(inserted.rowsWritten).toBe(jobs * partitions.length)
        expect(cost(() => rig.sync({ want: 500 })).rowsWritten).toBe(rows)
      }),
  )

  test('are three for a sync that settles a limited job and claims the next one: two jobs and one log', async () =>
    metered({ policies: { send: limited({ rateLimit: rate, concurrency: 1 }) } }, (rig, cost) => {
      many(rig, 2)
      const first = rig.claim()
      const settle = [settlementOf(first, completed)]
      expect(cost(() => rig.sync({ seq: 2, settle, want: 1 })).rowsWritten).toBe(3)
    }))

  test('are none for a sync that finds no room', async () =>
    metered(
      { policies: { send: limited({ perPartition: { rateLimit: { limit: 1, per: hourMs } } }) } },
      (rig, cost) => {
        many(rig, 100, { partition: 'a' })
        rig.sync({ want: 10 })
        expect(cost(() => rig.sync({ runner: 'r2', want: 10 }, true)).rowsWritten).toBe(0)
        expect(cost(() => rig.core.parkAndCount(rig.now)).rowsWritten).toBe(0)
      },
    ))
})

describe('the rows written for keys', () => {
  test('are one more to insert a job with a key, and none more to claim, settle or redrive it', async () =>
    metered({}, (rig, cost) => {
      const rows: number[] = []
      const count = (work: () => unknown) => rows.push(cost(work).rowsWritten)
      many(rig, 1)
      const heartbeats = [heartbeatOf(rig.claim())]
      let id = ''
      count(() => (id = rig.enqueue({ key: 'k' })))
      count(() => rig.sync({ seq: 2, ack: 1, heartbeats, want: 1 }))
      const { lease } = rig.row(id)
      count(() =>
        rig.sync({ seq: 3, ack: 2, heartbeats, settle: [settlementOf({ id, lease: lease ?? '' }, completed)] }),
      )
      count(() => rig.run('redrive', { id }))
      expect(rows).toEqual([2, 1, 1, 1])
    }))

  const call = (rig: Rig, unique: NewJob['unique'], n: number) => () =>
    rig.enqueue({ key: 'k', input: String(n), ...(unique && { unique }) })

  test.each<{
    what: string
    unique: NonNullable<NewJob['unique']>
    runs: boolean
    ends: boolean
    rows: number
    because: string
  }>([
    {
      what: 'join',
      unique: { kind: 'finished' },
      runs: false,
      ends: false,
      rows: 0,
      because: 'the call only gets an answer',
    },
    { what: 'renew', unique: { kind: 'rerun' }, runs: false, ends: false, rows: 1, because: 'only the job changes' },
    {
      what: 'renew with a new time',
      unique: { kind: 'debounce', ms: 5_000 },
      runs: false,
      ends: false,
      rows: 2,
      because: 'its due index entry moves',
    },
    {
      what: 'follow',
      unique: { kind: 'rerun' },
      runs: true,
      ends: false,
      rows: 4,
      because: 'one index is left, two are entered',
    },
    {
      what: 'new',
      unique: { kind: 'rerun' },
      runs: true,
      ends: true,
      rows: 3,
      because: 'the key index is left and entered',
    },
  ])('are $rows for the decision $what, because $because', async ({ unique, runs, ends, rows }) =>
    metered({}, (rig, cost) => {
      call(rig, unique, 1)()
      rig.pass(1_000)
      if (runs) {
        const claimed = rig.claim()
        if (ends) rig.settle(claimed, completed)
      }
      expect(cost(call(rig, unique, 2)).rowsWritten).toBe(rows)
    }),
  )

  test('are three when a job ends that another one follows: its row, and the row and index entry of the other', async () =>
    metered({}, (rig, cost) => {
      call(rig, { kind: 'rerun' }, 1)()
      many(rig, 1)
      const [claimed, other] = rig.sync({ want: 2 }).claimed
      call(rig, { kind: 'rerun' }, 2)()
      const settle = claimed ? [settlementOf(claimed, completed)] : []
      const heartbeats = other ? [{ id: other.id, lease: other.lease }] : []
      expect(cost(() => rig.sync({ seq: 2, settle, heartbeats })).rowsWritten).toBe(3)
    }))
})

describe('the rows written for schedules', () => {
  const slot = (rig: Rig) => {
    rig.pass(minuteMs)
    rig.core.maintain(rig.now)
  }

  test.each([
    { what: 'that makes a job', jobs: 1, overlap: 'skip', rows: 2, because: 'it writes the job and the schedule' },
    { what: 'that is skipped', jobs: 2, overlap: 'skip', rows: 1, because: 'the schedule records it' },
    { what: 'that cancels a waiting job', jobs: 2, overlap: 'cancel', rows: 3, because: 'the waiting job ends too' },
  ] as const)('are $rows for a slot $what, because $because', async ({ jobs, overlap, rows }) =>
    metered({ schedules: [shardSchedule({ overlap })] }, (rig, cost) => {
      for (let n = 1; n < jobs; n++) slot(rig)
      // A runner that leaves writes the minute stats of the earlier slots, so that they are not counted here.
      rig.sync({ done: true })
      expect(cost(() => slot(rig)).rowsWritten).toBe(rows)
    }),
  )

  test('are none for a reconciliation without a change, which reads at most two rows', async () =>
    metered({ schedules: [shardSchedule(), shardSchedule({ name: 'tock' })] }, (rig, cost) => {
      rig.restart()
      const { rowsRead, rowsWritten } = cost(() => rig.core.reconcile(rig.now))
      expect(rowsWritten).toBe(0)
      expect(rowsRead).toBeLessThan(3)
    }))

  test('are one to pause, one to resume and two to trigger a schedule', async () =>
    metered({ schedules: [shardSchedule()] }, (rig, cost) => {
      const costs = (['pause', 'resume'] as const).map((action) =>
        cost(() => rig.run('controlSchedule', { name: 'tick', action: action })),
      )
      const triggered = cost(() => rig.run('triggerSchedule', { name: 'tick', id: rig.job().id }))
      expect([...costs, triggered].map(({ rowsWritten }) => rowsWritten)).toEqual([1, 1, 2])
    }))
})

describe('the rows written by control', () => {
  test('are one for a change of the settings, and none for settings that the shard has already', async () =>
    metered({}, (rig, cost) => {
      many(rig, 50)
      let settings = rig.core.settings
      expect(cost(() => (settings = rig.run('change', { kind: 'pause' }))).rowsWritten).toBe(1)
      expect(cost(() => rig.run('adopt', settings)).rowsWritten).toBe(0)
      expect(cost(() => rig.run('change', { kind: 'resume' })).rowsWritten).toBe(1)
    }))

  test.each<{ what: string; delayMs: number; more: object; rows: number; because: string }>([
    { what: 'the priority', delayMs: 0, more: { priority: 5 }, rows: 1, because: 'no index contains it' },
    {
      what: 'the time of a waiting job',
      delayMs: 0,
      more: { delayMs: 5_000 },
      rows: 2,
      because: 'it enters the due index',
    },
    {
      what: 'the time of a delayed job',
      delayMs: 9,
      more: { delayMs: 5_000 },
      rows: 2,
      because: 'its due index entry moves',
    },
  ])('are $rows to update $what, because $because', async ({ delayMs, more, rows }) =>
    metered({}, (rig, cost) => {
      const id = rig.enqueue({ delayMs })
      expect(cost(() => rig.run('update', { id, ...more })).rowsWritten).toBe(rows)
    }),
  )

  test('are one to begin a bulk action, one a job and one a slice', async () =>
    metered({}, (rig, cost) => {
      many(rig, 700)
      const begun = cost(() => rig.run('bulk', { id: 'b', action: 'cancel', filter: {} }))
      expect(begun.rowsWritten).toBe(1)
      expect(cost(() => rig.core.maintain(rig.now)).rowsWritten).toBe(700 + 2)
      const none = cost(() => {
        rig.run('bulk', { id: 'c', action: 'cancel', filter: {} })
        rig.core.maintain(rig.now)
      })
      expect(none.rowsWritten).toBe(2)
    }))

  test('are none more for a job with a deadline, and one when the deadline passes', async () =>
    metered({}, (rig, cost) => {
      expect(cost(() => many(rig, 10, { expiresInMs: 1_000 })).rowsWritten).toBe(10)
      rig.pass(1_000)
      expect(cost(() => rig.core.maintain(rig.now)).rowsWritten).toBe(10)
    }))
})

describe('the rows read beside a hundred thousand finished jobs', () => {
  test('are fewer than sixty for each verb, because none scans history', async () =>
    metered(
      {
        schedules: [shardSchedule({ overlap: 'cancel' })],
        policies: { send: limited({ rateLimit: rate, perPartition: { rateLimit: rate, concurrency: 50 } }) },
      },
      (rig, cost) => {
        insertFinished(rig, 100_000)
        expect(cost(() => rig.restart()).rowsRead).toBeLessThan(60)
        rig.core.reconcile(rig.now)
        const unique = { kind: 'rerun' } as const
        const keyed = (input: string) => () => void rig.enqueue({ key: 'k', partition: 'p', unique, input })
        const verbs: Record<string, () => unknown> = {
          'enqueue under a new key': keyed('1'),
          renew: keyed('2'),
          claim: () => rig.sync({ want: 1 }),
          follow: keyed('3'),
          update: () => rig.run('update', { id: rig.enqueue({ partition: 'p' }), delayMs: 500 }),
          pause: () => rig.run('change', { kind: 'pause' }),
          resume: () => rig.run('change', { kind: 'resume' }),
          'a slot': () => {
            rig.pass(minuteMs)
            rig.core.maintain(rig.now)
          },
          'another slot': () => {
            rig.pass(minuteMs)
            rig.core.maintain(rig.now)
          },
          trigger: () => rig.run('triggerSchedule', { name: 'tick', id: rig.job().id }),
          schedules: () => rig.run('schedules'),
          expire: () => {
            rig.enqueue({ expiresInMs: 10 })
            rig.pass(10)
            rig.core.maintain(rig.now)
          },
          'begin a bulk action': () => rig.run('bulk', { id: 'b', action: 'redrive', filter: { state: 'failed' } }),
          progress: () => rig.run('bulkProgress', 'b'),
        }
        for (const [verb, work] of Object.entries(verbs)) expect(cost(work).rowsRead, verb).toBeLessThan(60)
      },
    ))

  test('are one a job for a bulk action, and a bounded number in each ring of the alarm', async () =>
    metered({}, (rig, cost) => {
      insertFinished(rig, 100_000)
      rig.restart()
      rig.run('bulk', { id: 'b', action: 'redrive', filter: { state: 'failed' } })
      let rings = 0
      let read = 0
      for (; !(rig.run('bulkProgress', 'b') as { done: boolean }).done; rings++) {
        const { rowsRead, rowsWritten } = cost(() => rig.core.maintain(rig.now))
        expect(rowsRead).toBeLessThan(50_000)
        expect(rowsWritten).toBeLessThan(40)
        read += rowsRead
      }
      expect(read).toBeLessThan(120_000)
      expect(rings).toBeGreaterThan(1)
    }))
})

/** Finished jobs below the watermark, as maintenance would have left them. */
function insertFinished(rig: Rig, count: number): void {
  const at = rig.now - dayMs
  const time = jobIdFloor(shard, at).slice(0, -16)
  for (let from = 0; from < count; from += 5_000) {
    const rows = Array.from({ length: 5_000 }, (_, n) => [`${time}${String(from + n).padStart(16, '0')}`, at])
    rig.sql.all(
      `INSERT INTO jobs (id, task, state, priority, bytes, attempt, max_attempts, created_at, finished_at, input)
       SELECT value ->> 0, 'old', 'completed', 0, 2, 1, 5, value ->> 1, value ->> 1, '{}' FROM json_each(?)`,
      JSON.stringify(rows),
    )
  }
  const none = { ...noCounts(), completed: count }
  const fact = {
    watermark: jobIdFloor(shard, rig.now - minuteMs),
    sweepCursor: '',
    recyclableEnd: '',
    below: { old: none },
  }
  rig.sql.all(`INSERT OR REPLACE INTO facts (name, value) VALUES ('cursors', ?)`, JSON.stringify(fact))
}
