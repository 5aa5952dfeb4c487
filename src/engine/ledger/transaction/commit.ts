/** Runs a verb as one transaction: read, decide, write; the alarm in the same commit; then memory follows. */
import type { Alarm } from './alarm.ts'
import type { Context } from './context.ts'
import { waitingAt } from './next-due.ts'
import { Transaction } from './transaction.ts'

/** @throws what the verb throws, or the database. Nothing has changed then: not the rows, the alarm or memory. */
export function transact<T>(context: Context, alarm: Alarm, now: number, verb: (tx: Transaction) => T): T {
  const tx = new Transaction(context, now)
  const { result, onArmed } = context.sql.transaction(() => {
    const result = verb(tx)
    tx.write()
    return { result, onArmed: alarm.armWithin(tx.armAt, () => waitingAt(context, now)) }
  })
  onArmed()
  tx.applyToMemory()
  return result
}
