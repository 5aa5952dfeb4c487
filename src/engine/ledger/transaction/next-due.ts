/** When time next makes something due in a ledger. Overdue things count as they are: they must arm the alarm. */
import { wakeUpTimeoutMs } from '../domain/timeouts.ts'
import type { Context } from './context.ts'

/** When maintenance next has something to do; undefined when it never will. */
export function nextMaintenanceAt(context: Context): number | undefined {
  return earliest([nextLiveAt(context), context.memory.nextSweepAt])
}

/** As `nextMaintenanceAt`, without the sweep: it removes what is finished, and no job waits for it. */
export function nextLiveAt({ memory, schedules, bulks }: Context): number | undefined {
  if (memory.prunable.size > 0 || bulks.size > 0) return 0
  let next = Number.POSITIVE_INFINITY
  for (const job of memory.running.values()) next = Math.min(next, memory.leaseEnd(job))
  return earliest([next, memory.nextLoadAt, memory.ready.nextExpiryAt(), schedules.nextAt()])
}

/** When the work that waits already needs the alarm, and not before now. */
export function waitingAt(context: Context, now: number): number {
  const readyAt = context.memory.ready.size > 0 ? now + wakeUpTimeoutMs : undefined
  return Math.max(now, earliest([readyAt, nextMaintenanceAt(context)]) ?? Number.POSITIVE_INFINITY)
}

function earliest(times: readonly (number | undefined)[]): number | undefined {
  const next = times.reduce<number>(
    (least, at) => (at !== undefined && at < least ? at : least),
    Number.POSITIVE_INFINITY,
  )
  return next === Number.POSITIVE_INFINITY ? undefined : next
}
