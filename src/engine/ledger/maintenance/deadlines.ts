/** Jobs that were to be started by now fail. */
import { failExpired } from '../commands/settle.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** Fails a slice of the waiting jobs whose deadline has passed. Answers whether there are more. */
export function failExpiredJobs(tx: Transaction): boolean {
  const { memory, sizes } = tx.context
  const ids = memory.ready.expired(tx.now, sizes.maintenanceSlice)
  tx.jobs(ids)
  for (const id of ids) {
    const row = tx.job(id)
    if (row && failExpired(tx, row)) continue
    // Memory mirrors rows; should it ever be wrong, the row wins.
    tx.onCommit(() => {
      memory.ready.remove(id)
      if (row) memory.insert(row, tx.now)
    })
  }
  return ids.length === sizes.maintenanceSlice
}
