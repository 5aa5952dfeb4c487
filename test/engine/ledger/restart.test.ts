/** A ledger that loses its memory, or is aborted, between any two steps in the life of a job. */
import { abortAllDurableObjects, evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { describe, expect, test } from 'vitest'
import type { Claimed } from '../../../src/engine/ledger/protocol/sync.ts'
import { alarmOf, completed, freshLedger, homeShards, ledgerOf, newJob, syncOf } from './real-ledger.ts'

const restarts = {
  eviction: async (shard: number) => evictDurableObject(ledgerOf(shard)),
  abort: async () => abortAllDurableObjects(),
}

describe.each(Object.entries(restarts))('after an %s', (_, restart) => {
  test('a recorded job can be claimed, a claimed job can be settled, and a settled job stays settled', async () => {
    const { shard } = freshLedger()
    const job = newJob(shard)
    await ledgerOf(shard).enqueue({ homeShards, jobs: [job] })
    await restart(shard)
    const [claimed] = (await ledgerOf(shard).sync(syncOf(1))).claimed as [Claimed]
    expect(claimed).toMatchObject({ id: job.id, attempt: 1 })
    await restart(shard)
    await ledgerOf(shard).sync(syncOf(2, { settle: [completed(claimed)] }))
    await restart(shard)
    expect(await ledgerOf(shard).get(job.id)).toMatchObject({ state: 'completed', attempt: 1, output: { n: 2 } })
  })

  test('a repeated sync gets the same claim again', async () => {
    const { shard } = freshLedger()
    await ledgerOf(shard).enqueue({ homeShards, jobs: [newJob(shard), newJob(shard)] })
    const first = await ledgerOf(shard).sync(syncOf(1, { want: 1 }))
    await restart(shard)
    const second = await ledgerOf(shard).sync(syncOf(1, { want: 1 }))
    expect(second.claimed.map(({ id, lease }) => ({ id, lease }))).toEqual(
      first.claimed.map(({ id, lease }) => ({ id, lease })),
    )
  })

  test('a repeated enqueue records no second job, and the key is still known', async () => {
    const { shard } = freshLedger()
    const job = newJob(shard, { key: 'k' })
    await ledgerOf(shard).enqueue({ homeShards, jobs: [job] })
    await restart(shard)
    expect(await ledgerOf(shard).enqueue({ homeShards, jobs: [job] })).toMatchObject({
      jobs: [{ id: job.id, duplicate: false }],
    })
    const again = newJob(shard, { key: 'k' })
    expect(await ledgerOf(shard).enqueue({ homeShards, jobs: [again] })).toMatchObject({
      jobs: [{ id: job.id, duplicate: true }],
    })
    const other = newJob(shard, { key: 'k', input: '{"n":9}' })
    expect(await ledgerOf(shard).enqueue({ homeShards, jobs: [other] })).toMatchObject({
      jobs: [{ refused: 'key-conflict' }],
    })
  })

  test('the counts agree with the rows', async () => {
    const { shard } = freshLedger()
    await ledgerOf(shard).enqueue({
      homeShards,
      jobs: [newJob(shard), newJob(shard), newJob(shard, { delayMs: 60_000 })],
    })
    const [claimed] = (await ledgerOf(shard).sync(syncOf(1, { want: 1 }))).claimed as [Claimed]
    await restart(shard)
    expect((await ledgerOf(shard).overview()).states).toMatchObject({ queued: 1, running: 1, scheduled: 1 })
    await ledgerOf(shard).sync(syncOf(2, { settle: [completed(claimed)], want: 0 }))
    await restart(shard)
    expect((await ledgerOf(shard).overview()).states).toMatchObject({
      queued: 1,
      running: 0,
      completed: 1,
      scheduled: 1,
    })
  })
})

describe('the alarm', () => {
  test('is armed by the transaction that records a job, before any wake-up is sent', async () => {
    const { ledger, shard } = freshLedger()
    await ledger.enqueue({ homeShards, jobs: [newJob(shard)] })
    const at = await alarmOf(ledger)
    expect(at).not.toBeNull()
    expect(at).toBeLessThanOrEqual(Date.now() + 500)
  })

  test('that was lost is armed again by the watchdog, which does not change an armed one', async () => {
    const { ledger, shard } = freshLedger()
    await ledger.enqueue({ homeShards, jobs: [newJob(shard, { delayMs: 3_600_000 })] })
    expect(await ledger.wake()).toBe(false)
    await runInDurableObject(ledger, (_, { storage }) => storage.deleteAlarm())
    await evictDurableObject(ledger)
    expect(await ledgerOf(shard).wake()).toBe(true)
    expect(await alarmOf(ledgerOf(shard))).toBeGreaterThan(Date.now() + 3_000_000)
    expect(await ledgerOf(shard).wake()).toBe(false)
  })

  test('that fails does not throw and is armed again, each time that the platform would retry it', async () => {
    const { ledger, shard } = freshLedger()
    await ledger.enqueue({ homeShards, jobs: [newJob(shard)] })
    await runInDurableObject(ledger, (_, { storage }) => storage.sql.exec('ALTER TABLE jobs RENAME TO elsewhere'))
    for (let retryCount = 0; retryCount <= 6; retryCount++) {
      await runInDurableObject(ledger, async (instance, { storage }) => {
        await storage.deleteAlarm()
        const info = { retryCount, isRetry: retryCount > 0, scheduledTime: Date.now() }
        await (instance as unknown as { alarm(info: AlarmInvocationInfo): Promise<void> }).alarm(info)
      })
      expect(await alarmOf(ledger)).toBeGreaterThan(Date.now())
      if (retryCount === 3) await evictDurableObject(ledger)
    }
    await runInDurableObject(ledger, (_, { storage }) => storage.sql.exec('ALTER TABLE elsewhere RENAME TO jobs'))
    await evictDurableObject(ledger)
    expect((await ledgerOf(shard).sync(syncOf(1))).claimed).toHaveLength(1)
  })

  test('is not armed by the activation of a ledger', async () => {
    const { ledger } = freshLedger()
    await ledger.overview()
    expect(await alarmOf(ledger)).toBeNull()
  })

  test('of a delayed job rings when the job is due, and a runner can claim the job', async () => {
    const { ledger, shard } = freshLedger()
    const job = newJob(shard, { delayMs: 30 })
    await ledger.enqueue({ homeShards, jobs: [job] })
    expect(await ledger.get(job.id)).toMatchObject({ state: 'scheduled' })
    const { claimed } = await claimOnceDue(shard)
    expect(claimed).toMatchObject([{ id: job.id }])
  })
})

/** Syncs until the job is due: real alarms ring in real time. */
async function claimOnceDue(shard: number) {
  for (let seq = 1; ; seq++) {
    const reply = await ledgerOf(shard).sync(syncOf(seq, { runner: `r${seq}` }))
    if (reply.claimed.length > 0) return reply
    await scheduler.wait(10)
  }
}
