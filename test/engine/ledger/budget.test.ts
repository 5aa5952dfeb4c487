/** What a job costs, counted by the platform's own `rowsWritten` and `rowsRead` (I11). */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, test, vi } from 'vitest'
import { noCounts } from '../../../src/engine/ledger/domain/counts.ts'
import { jobIdFloor } from '../../../src/engine/ledger/domain/job-id.ts'
import type { Claimed } from '../../../src/engine/ledger/protocol/sync.ts'
import { completed, costOf, freshLedger, homeShards, newJob, type RealLedger, rowsOf, syncOf } from './real-ledger.ts'

const dayMs = 86_400_000

describe('the rows written', () => {
  test('are one to insert, one to claim and one to settle a plain job in a busy shard', async () => {
    const { ledger, shard } = freshLedger()
    // The first job of a shard also records the number of home shards. A neighbour keeps the runner busy.
    await ledger.enqueue({ homeShards, jobs: [newJob(shard)] })
    const [neighbour] = (await ledger.sync(syncOf(1))).claimed as [Claimed]
    const heartbeats = [{ id: neighbour.id, lease: neighbour.lease }]

    expect(await costOf(ledger, () => ledger.enqueue({ homeShards, jobs: [newJob(shard)] }))).toMatchObject({
      rowsWritten: 1,
    })
    let claimed: Claimed | undefined
    const claim = await costOf(ledger, async () => {
      claimed = (await ledger.sync(syncOf(2, { heartbeats }))).claimed[0]
    })
    expect(claim).toMatchObject({ rowsWritten: 1 })
    const settle = [completed(claimed as Claimed)]
    expect(await costOf(ledger, () => ledger.sync(syncOf(3, { heartbeats, settle })))).toMatchObject({ rowsWritten: 1 })
  })

  test('are one a job in each step of a batch of a hundred jobs', async () => {
    const { ledger, shard } = freshLedger()
    await ledger.enqueue({ homeShards, jobs: [newJob(shard)] })
    const jobs = Array.from({ length: 99 }, () => newJob(shard))
    expect(await costOf(ledger, () => ledger.enqueue({ homeShards, jobs }))).toMatchObject({ rowsWritten: 99 })
    let claimed: readonly Claimed[] = []
    const claim = await costOf(ledger, async () => {
      claimed = (await ledger.sync(syncOf(1, { want: 100 }))).claimed
    })
    expect(claimed).toHaveLength(100)
    expect(claim).toMatchObject({ rowsWritten: 100 })
    const [kept, ...others] = claimed as [Claimed, ...Claimed[]]
    const settling = syncOf(2, {
      settle: others.map(completed),
      heartbeats: [{ id: kept.id, lease: kept.lease }],
      want: 0,
    })
    expect(await costOf(ledger, () => ledger.sync(settling))).toMatchObject({ rowsWritten: 99 })
  })

  test('include one row of minute stats a task in the last sync of a runner', async () => {
    const { ledger, shard } = freshLedger()
    await ledger.enqueue({ homeShards, jobs: [newJob(shard)] })
    const [only] = (await ledger.sync(syncOf(1))).claimed as [Claimed]
    const last = syncOf(2, { settle: [completed(only)] })
    expect(await costOf(ledger, () => ledger.sync(last))).toMatchObject({ rowsWritten: 2 })
  })

  test('include one row of minute stats a task and minute, with counters and costs, written by any later call', async () => {
    const { ledger, shard } = freshLedger()
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      await ledger.enqueue({ homeShards, jobs: [newJob(shard)] })
      const [held] = (await ledger.sync(syncOf(1, { want: 1 }))).claimed as [Claimed]
      const heartbeats = [{ id: held.id, lease: held.lease }]
      // The shard is paused, so that no wake-up is sent again and stored.
      await ledger.adopt({ version: 1, paused: true, draining: false, tasks: {} })
      let written = 0
      for (let seq = 2; seq < 62; seq++) {
        vi.setSystemTime(Date.now() + 10_000)
        written += (await costOf(ledger, () => ledger.enqueue({ homeShards, jobs: [newJob(shard)] }))).rowsWritten
        written += (await costOf(ledger, () => ledger.sync(syncOf(seq, { heartbeats, want: 0 })))).rowsWritten
      }
      // Ten minutes: sixty jobs, one extension of the lease in each half lease of 15 s, ten rows of minute stats.
      expect(written).toBeLessThanOrEqual(60 + 600 / 15 + 10)
      expect(await rowsOf(ledger, 'SELECT minute FROM minute_stats')).toHaveLength(10)
      const metrics = await ledger.metrics()
      expect(metrics.counters[0]?.counters.enqueued).toBeGreaterThan(50)
      expect(metrics.counters[0]?.counters.costs.rowsWritten).toBeGreaterThan(50)
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    {
      what: 'a delayed job',
      more: { delayMs: 60_000 },
      rows: 2,
      because: 'the due index finds it in time',
    },
    { what: 'a job with a key', more: { key: 'k' }, rows: 2, because: 'the key index finds it' },
    { what: 'a job with priority', more: { priority: 5 }, rows: 1, because: 'the ready index is in memory' },
    { what: 'a job with tags', more: { tags: ['a', 'b'] }, rows: 1, because: 'tags are searched, not indexed' },
  ])('are $rows to insert $what, because $because', async ({ more, rows }) => {
    const { ledger, shard } = freshLedger()
    await ledger.enqueue({ homeShards, jobs: [newJob(shard)] })
    expect(await costOf(ledger, () => ledger.enqueue({ homeShards, jobs: [newJob(shard, more)] }))).toMatchObject({
      rowsWritten: rows,
    })
  })

  test('are one a pruned job, and four at most for the slice', async () => {
    const { ledger, shard } = freshLedger()
    await insertFinished(ledger, shard, 400, Date.now() - 8 * dayMs)
    await evictDurableObject(ledger)
    await ledger.overview()
    // The ring also moves the cursors, which are rows of their own.
    const prune = await costOf(ledger, async () => {
      await runInDurableObject(ledger, (instance) => (instance as unknown as { alarm(): Promise<void> }).alarm())
    })
    expect((await ledger.overview()).states.completed).toBe(0)
    expect(prune.rowsWritten).toBeLessThanOrEqual(400 + 4)
    expect(prune.rowsWritten).toBeGreaterThanOrEqual(400)
  })
})

describe('the rows read beside a hundred thousand finished jobs', () => {
  test('are fewer than fifty for each verb and for activation, because none scans history', async () => {
    const { ledger, shard } = freshLedger()
    await insertFinished(ledger, shard, 100_000, Date.now() - dayMs)
    await moveWatermark(ledger, shard)
    await evictDurableObject(ledger)

    const activation = await costOf(ledger, () => ledger.overview())
    expect(activation.rowsRead).toBeLessThan(50)
    const job = newJob(shard)
    const verbs = {
      enqueue: () => ledger.enqueue({ homeShards, jobs: [job] }),
      'enqueue with a key': () => ledger.enqueue({ homeShards, jobs: [newJob(shard, { key: 'k' })] }),
      'enqueue with a delay': () => ledger.enqueue({ homeShards, jobs: [newJob(shard, { delayMs: 5 })] }),
      claim: () => ledger.sync(syncOf(1, { want: 1 })),
      get: () => ledger.get(job.id),
      alarm: () => runDurableObjectAlarm(ledger),
      overview: () => ledger.overview(),
      wake: () => ledger.wake(),
      'cancel of another': () => ledger.cancel(newJob(shard).id),
    }
    for (const [verb, work] of Object.entries(verbs)) {
      expect((await costOf(ledger, work)).rowsRead, verb).toBeLessThan(50)
    }
    const { states } = await ledger.overview()
    expect(states.completed).toBe(100_000)
    // A search looks at a bounded number of rows and says how far it got.
    const search = await costOf(ledger, () => ledger.list({ state: 'failed', limit: 10 }))
    expect(search.rowsRead).toBeLessThan(3_000)
  })
})

describe('the rows read beside two days of minute stats of five tasks', () => {
  test('are one a task and minute for charts, and at most fifty for metrics', async () => {
    const { ledger } = freshLedger()
    await ledger.enqueue({ homeShards, jobs: [] })
    const minute = Math.floor(Date.now() / 60_000)
    await runInDurableObject(ledger, (_, { storage }) => {
      const stats = JSON.stringify({ enqueued: 1, ended: { completed: 1 } })
      storage.sql.exec(
        `WITH RECURSIVE minutes (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM minutes WHERE n < 2879)
         INSERT INTO minute_stats (task, minute, stats, counters)
         SELECT 'task-' || value, ? - n, ?, ? FROM minutes, json_each('[1, 2, 3, 4, 5]')`,
        minute,
        stats,
        stats,
      )
    })
    const costs = {
      hour: () => ledger.charts({ fromMinute: minute - 59, stepMinutes: 1, steps: 60 }),
      day: () => ledger.charts({ fromMinute: minute - 1_439, stepMinutes: 15, steps: 96 }),
      metrics: () => ledger.metrics(),
    }
    const read: Record<string, number> = {}
    for (const [name, ask] of Object.entries(costs)) read[name] = (await costOf(ledger, ask)).rowsRead
    console.info('rows read', read)
    expect(read['hour']).toBeLessThanOrEqual(60 * 5 + 50)
    expect(read['day']).toBeLessThanOrEqual(1_440 * 5 + 50)
    expect(read['metrics']).toBeLessThanOrEqual(50)
    const day = await ledger.charts({ fromMinute: minute - 1_439, stepMinutes: 15, steps: 96 })
    expect(day.tasks.map(({ task, enqueued }) => [task, enqueued.every((n) => n === 15)])).toContainEqual([
      'task-3',
      true,
    ])
    expect(JSON.stringify(day).length).toBeLessThan(20_000)
  })
})

/** Finished jobs, written to the table directly, because a hundred thousand syncs would take minutes. */
async function insertFinished(ledger: RealLedger, shard: number, count: number, at: number): Promise<void> {
  await ledger.enqueue({ homeShards, jobs: [] })
  await runInDurableObject(ledger, (_, { storage }) => {
    for (let from = 0; from < count; from += 5_000) {
      const rows = Array.from({ length: Math.min(5_000, count - from) }, (_, index) => {
        const time = jobIdFloor(shard, at).slice(0, -16)
        return [`${time}${String(from + index).padStart(16, '0')}`, at]
      })
      storage.sql.exec(
        `INSERT INTO jobs (id, task, state, priority, bytes, attempt, max_attempts, created_at, finished_at, input)
         SELECT value ->> 0, 'double', 'completed', 0, 2, 1, 5, value ->> 1, value ->> 1, '{}' FROM json_each(?)`,
        JSON.stringify(rows),
      )
    }
  })
}

/** Moves the watermark above the finished jobs, as maintenance would have done. */
async function moveWatermark(ledger: RealLedger, shard: number): Promise<void> {
  await runInDurableObject(ledger, (_, { storage }) => {
    const below = { ...noCounts(), completed: 100_000 }
    const fact = {
      watermark: jobIdFloor(shard, Date.now() - 60_000),
      sweepCursor: '',
      recyclableEnd: '',
      below: { double: below },
    }
    storage.sql.exec(`INSERT OR REPLACE INTO facts (name, value) VALUES ('cursors', ?)`, JSON.stringify(fact))
  })
}
