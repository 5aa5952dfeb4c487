/**
 * Two deployed versions at work at once: for some minutes after a deploy an old ledger answers a new Worker, or a new
 * ledger an old Worker. Every reader uses the default of a missing field and ignores fields that it does not know.
 */
import { describe, expect, test } from 'vitest'
import type { Claimed } from '../../../src/engine/ledger/protocol/sync.ts'
import type { LedgerRpc } from '../../../src/engine/ledger/protocol/verbs.ts'
import { completed, freshLedger, homeShards, newJob, type RealLedger, rowsOf, syncOf } from './real-ledger.ts'

/** Fields that a caller of a later version might add. */
const later = { partition: 'a', trace: { id: 'x' }, features: ['future'] }

/** Requests with the fields that the first version sent and no others, whatever the types require today. */
const old = {
  enqueue: (id: string) => ({ homeShards, jobs: [{ id, task: 'double', input: '{"n":1}', maxAttempts: 3 }] }),
  sync: (settle: unknown[] = [], heartbeats: unknown[] = []) => ({
    runner: 'old',
    seq: 1 + settle.length,
    tasks: { double: 25_000 },
    settle,
    heartbeats,
    want: 5,
    remainingMs: 600_000,
  }),
}

const asAny = (ledger: RealLedger) =>
  ledger as unknown as Record<keyof LedgerRpc, (request?: unknown) => Promise<Record<string, unknown>>>

describe('a caller of a later version', () => {
  test('is understood by every verb, and fields that this ledger does not know are not stored', async () => {
    const { ledger, shard } = freshLedger()
    const job = newJob(shard)
    await asAny(ledger).enqueue({ homeShards, ...later, jobs: [{ ...job, ...later }] })
    const { claimed } = (await asAny(ledger).sync({ ...syncOf(1), ...later })) as unknown as { claimed: Claimed[] }
    const [mine] = claimed as [Claimed]
    await asAny(ledger).sync({
      ...syncOf(2),
      heartbeats: [{ id: mine.id, lease: mine.lease, ...later }],
      want: 0,
      ...later,
    })
    const settle = [{ ...completed(mine), ...later }]
    await asAny(ledger).sync({ ...syncOf(3), settle, ...later })
    expect(await ledger.get(job.id)).toMatchObject({ state: 'completed', output: { n: 2 } })
    expect(await asAny(ledger).list({ limit: 5, ...later })).toMatchObject({ jobs: [{ id: job.id }] })
    expect(await ledger.redrive({ id: job.id })).toMatchObject({ state: 'queued' })
    expect(await ledger.cancel(job.id)).toMatchObject({ state: 'cancelled' })
  })

  test('that reports an unknown outcome fails that attempt and no other', async () => {
    const { ledger, shard } = freshLedger()
    const jobs = [newJob(shard), newJob(shard)]
    await ledger.enqueue({ homeShards, jobs })
    const [first, second] = (await ledger.sync(syncOf(1))).claimed as [Claimed, Claimed]
    const strange = { id: first.id, lease: first.lease, outcome: { kind: 'delegated', to: 'somebody' }, ranMs: 1 }
    await asAny(ledger).sync({ ...syncOf(2), settle: [strange, completed(second)] })
    expect(await ledger.get(first.id)).toMatchObject({ state: 'retrying', error: { name: 'UnstorableOutcome' } })
    expect(await ledger.get(second.id)).toMatchObject({ state: 'completed' })
  })

  test('claims the jobs of a new task, which wait while other callers do not know the task', async () => {
    const { ledger, shard } = freshLedger()
    await ledger.enqueue({ homeShards, jobs: [newJob(shard, { task: 'of-tomorrow' })] })
    expect((await ledger.sync(syncOf(1))).claimed).toEqual([])
    const { claimed } = await ledger.sync(syncOf(1, { runner: 'new', tasks: { 'of-tomorrow': 1_000 } }))
    expect(claimed).toMatchObject([{ task: 'of-tomorrow' }])
  })
})

describe('a caller of an earlier version', () => {
  test('is understood by every verb without the fields that came later', async () => {
    const { ledger, shard } = freshLedger()
    const { id } = newJob(shard)
    await asAny(ledger).enqueue(old.enqueue(id))
    expect(await ledger.get(id)).toMatchObject({ state: 'queued', priority: 0, tags: [] })
    const { claimed } = (await asAny(ledger).sync(old.sync())) as unknown as { claimed: Claimed[] }
    const [mine] = claimed as [Claimed]
    expect(mine).toMatchObject({ id, attempt: 1 })
    const settle = [{ id, lease: mine.lease, outcome: { kind: 'completed' }, ranMs: 3 }]
    await asAny(ledger).sync(old.sync(settle))
    expect(await ledger.get(id)).toMatchObject({ state: 'completed', attempt: 1 })
  })

  test('that does not confirm the answers to its syncs keeps the jobs that it has claimed', async () => {
    const { ledger, shard } = freshLedger()
    await ledger.enqueue({ homeShards, jobs: [newJob(shard), newJob(shard)] })
    await asAny(ledger).sync({ ...old.sync(), want: 2 })
    await asAny(ledger).sync({ ...old.sync(), seq: 2, want: 0 })
    const states = await rowsOf(ledger, 'SELECT state, attempt FROM jobs')
    expect(states).toEqual([
      { state: 'running', attempt: 1 },
      { state: 'running', attempt: 1 },
    ])
  })
})
