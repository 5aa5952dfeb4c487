/** The logs of rate limits in which nothing counts any more are forgotten, a slice a call, in turn. */
import type { Group } from '../memory/limits.ts'
import type { Transaction } from '../transaction/transaction.ts'

export function forgetSpentLimits(tx: Transaction): void {
  const { limitRows, facts, sizes } = tx.context
  const from = facts.read<Group>('limits-swept') ?? { task: '', partition: '' }
  const rows = limitRows.after(from, sizes.maintenanceSlice)
  for (const row of rows) if (row.spentAt <= tx.now) limitRows.forget(row)
  const last = rows.length === sizes.maintenanceSlice ? rows.at(-1) : undefined
  if (last) facts.write('limits-swept', { task: last.task, partition: last.partition })
  else if (from.task !== '') facts.forget('limits-swept')
}
