/** Leases whose time is over lapse, and runners that are gone are forgotten. */

import { lapse } from '../commands/settle.ts'
import { leaseParts } from '../domain/lease.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** A runner without a lease is forgotten once it has not been heard of for so long. */
const silentMsMax = 60_000

/** Ends a slice of the leases whose time is over. A lapse uses the attempt, unless it never started. Answers whether there are more. */
export function lapseLeases(tx: Transaction): boolean {
  const { memory, sizes } = tx.context
  const over = [...memory.running.values()].filter((job) => memory.leaseEnd(job) <= tx.now)
  for (const row of tx.jobs(over.slice(0, sizes.maintenanceSlice).map(({ id }) => id))) {
    if (row.state !== 'running') continue
    const { runner, seq } = leaseParts(row.lease ?? '')
    const state = memory.runners.get(runner)
    // Known only while the claim is in memory: after a reset nothing proves that it never started.
    lapse(tx, row, state !== undefined && seq > state.ack)
  }
  for (const [runner, { until, heardAt }] of memory.runners) {
    if (Math.max(until, heardAt + silentMsMax) <= tx.now) forgetRunner(tx, runner, until)
  }
  return over.length > sizes.maintenanceSlice
}

function forgetRunner(tx: Transaction, runner: string, until: number): void {
  const { memory, runners } = tx.context
  if (until > 0) runners.forget(runner)
  tx.onCommit(() => memory.runners.delete(runner))
}
