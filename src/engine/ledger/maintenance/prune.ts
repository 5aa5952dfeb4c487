/** Finished jobs that carry their own time to be pruned go when it has come. The others are for the sweep. */
import { isFinal } from '../../task/states.ts'
import type { Transaction } from '../transaction/transaction.ts'

/** Prunes a slice of the jobs whose time has come. Answers whether there are more. */
export function prune(tx: Transaction): boolean {
  const { memory, sizes } = tx.context
  const ids = [...memory.prunable].slice(0, sizes.maintenanceSlice)
  tx.remove(tx.jobs(ids).filter(({ state, dueAt }) => isFinal(state) && dueAt !== null && dueAt <= tx.now))
  tx.onCommit(() => {
    for (const id of ids) memory.prunable.delete(id)
  })
  return memory.prunable.size > ids.length
}
