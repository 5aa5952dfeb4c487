/** Ledgers as real Durable Objects, for tests that need the platform's SQLite, alarms and evictions. */
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { newJobId } from '../../../src/engine/ledger/domain/job-id.ts'
import type { NewJob } from '../../../src/engine/ledger/protocol/enqueue.ts'
import type { Claimed, Settlement, SyncRequest } from '../../../src/engine/ledger/protocol/sync.ts'
import type { LedgerRpc } from '../../../src/engine/ledger/protocol/verbs.ts'
import type { Meter } from '../../../src/engine/ledger/storage/sql.ts'

export type RealLedger = DurableObjectStub & LedgerRpc

/** The number of home shards of the test Worker. */
export const homeShards = 2
let shards = 100

export function ledgerOf(shard: number): RealLedger {
  const { LEDGER: namespace } = env as unknown as { LEDGER: DurableObjectNamespace }
  return namespace.get(namespace.idFromName(`shard-${shard}`)) as unknown as RealLedger
}

/** A ledger that no other test uses. The Worker does not use its shard, so that no consumer answers its wake-ups. */
export function freshLedger(): { ledger: RealLedger; shard: number } {
  const shard = shards++
  return { ledger: ledgerOf(shard), shard }
}

export function newJob(shard: number, more: Partial<NewJob> = {}): NewJob {
  return { id: newJobId(shard, Date.now(), Math.random), task: 'double', input: '{"n":1}', maxAttempts: 5, ...more }
}

export function syncOf(seq: number, more: Partial<SyncRequest> = {}): SyncRequest {
  const tasks = { double: 25_000 }
  return { runner: 'r', seq, ack: seq - 1, tasks, settle: [], heartbeats: [], want: 10, remainingMs: 600_000, ...more }
}

export function completed({ id, lease }: Claimed): Settlement {
  return { id, lease, outcome: { kind: 'completed', output: '{"n":2}' }, ranMs: 1 }
}

/** The rows that `work` reads and writes, without those of alarms. */
export async function costOf(ledger: RealLedger, work: () => Promise<unknown>): Promise<Meter> {
  const before = await meterOf(ledger)
  await work()
  const after = await meterOf(ledger)
  return { rowsRead: after.rowsRead - before.rowsRead, rowsWritten: after.rowsWritten - before.rowsWritten }
}

function meterOf(ledger: RealLedger): Promise<Meter> {
  return runInDurableObject(ledger, (instance) => ({ ...(instance as unknown as { meter: Meter }).meter }))
}

export function alarmOf(ledger: RealLedger): Promise<number | null> {
  return runInDurableObject(ledger, (_, { storage }) => storage.getAlarm())
}

export function rowsOf(
  ledger: RealLedger,
  query: string,
  ...bindings: string[]
): Promise<Record<string, SqlStorageValue>[]> {
  return runInDurableObject(ledger, (_, { storage }) => storage.sql.exec(query, ...bindings).toArray())
}
