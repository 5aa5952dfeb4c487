/**
 * What a runner says of attempts that go on: their progress is written, and their leases are extended. It learns which leases it
 * has lost, and which jobs it should stop.
 *
 * I2: what is extended on disk is promised, and nothing else is.
 */
import { leaseMs } from '../domain/lease.ts'
import { leaseIsLive } from '../domain/row.ts'
import type { Heartbeat, SyncRequest } from '../protocol/sync.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** Writes the progress of attempts that go on. The runner learns which leases it has lost, and which jobs it should stop. */
export function recordHeartbeats(
  tx: Transaction,
  heartbeats: readonly Heartbeat[],
): { live: Set<string>; lost: string[]; cancelled: string[] } {
  const { running } = tx.context.memory
  insertAbsent(tx, heartbeats)
  const isLive = ({ id, lease }: Heartbeat) => running.get(id)?.lease === lease
  const reporting = heartbeats.filter((one) => one.progress && isLive(one))
  // A job that this very sync settles has ended, whatever its heartbeat says.
  const rows = new Map(tx.jobs(reporting.map(({ id }) => id)).map((row) => [row.id, row]))
  for (const { id, lease, progress } of reporting) {
    const row = rows.get(id)
    if (row?.state === 'running' && leaseIsLive(row, lease))
      tx.change(row, { ...row, progress: JSON.stringify(progress) })
  }
  const live = new Set(heartbeats.filter(isLive).map(({ id }) => id))
  return {
    live,
    lost: heartbeats.filter(({ id }) => !live.has(id)).map(({ id }) => id),
    cancelled: [...live].filter((id) => running.get(id)?.cancelling),
  }
}

/** By a clock that is behind, a restart does not find a job that falls due later: its row says whether its lease is live. */
function insertAbsent({ context, now }: Transaction, heartbeats: readonly Heartbeat[]): void {
  const { memory, jobs } = context
  const absent = heartbeats.filter(({ id }) => !memory.running.has(id))
  if (absent.length === 0) return
  // As it is on disk: memory must not learn of what may still roll back.
  for (const row of jobs.byIds(absent.map(({ id }) => id))) {
    if (row.state === 'running' && absent.some(({ id, lease }) => id === row.id && lease === row.lease)) {
      memory.insert(row, now)
    }
  }
}

/**
 * Until when the leases in `heartbeats` are good, on disk. One row a runner, and only once half of what is stored is used up:
 * a runner of short jobs never writes it. What is not on disk is not promised.
 */
export function extendLeases(
  tx: Transaction,
  { runner, heartbeats, done }: SyncRequest,
  isStale: boolean,
): { goodUntil: number; storedUntil: number } {
  const { memory, runners } = tx.context
  const full = tx.now + leaseMs
  const storedUntil = memory.runners.get(runner)?.until ?? 0
  const ends = heartbeats.flatMap(({ id, lease }) => {
    const job = memory.running.get(id)
    return job?.lease === lease ? [Math.max(job.leaseUntil, storedUntil)] : []
  })
  const goodUntil = Math.min(full, ...ends)
  if (ends.length === 0 || done || isStale || goodUntil - tx.now >= leaseMs / 2) return { goodUntil, storedUntil }
  runners.extend(runner, full)
  tx.armBy(full)
  return { goodUntil: full, storedUntil: full }
}
