/** Forgets the logs of rate limits in which no start counts any more: a slice at each maintenance, from where the last one ended. */
import type { Group } from '../memory/limits.ts'
import type { Transaction } from '../transaction/transaction.ts'

export function forgetSpentLimits(tx: Transaction): void {
  const { limitRows, facts, sizes } = tx.context
  const from = facts.read<Group>('limits-cursor') ?? { task: '', partition: '' }
  const rows = limitRows.after(from, sizes.maintenanceSlice)
  for (const row of rows) if (row.spentAt <= tx.now) limitRows.forget(row)
  const last = rows.length === sizes.maintenanceSlice ? rows.at(-1) : undefined
  if (last) facts.write('limits-cursor', { task: last.task, partition: last.partition })
  else if (from.task !== '') facts.forget('limits-cursor')
}
