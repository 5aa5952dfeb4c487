/** When the alarm of a ledger is next needed, from everything that needs it. */
import type { LedgerCore } from './core.ts'

export interface AlarmNeeds {
  /** When unanswered wake-ups are checked, while work is ready. */
  readonly checkAt: number
  /** True when a watchdog sees to the sweep of finished jobs, so that no alarm is needed for it. */
  readonly isWatched: boolean
}

/** Undefined when nothing needs it. */
export function nextAlarmAt(core: LedgerCore, now: number, { checkAt, isWatched }: AlarmNeeds): number | undefined {
  const times = [
    core.parkAndCount(now) > 0 ? checkAt : undefined,
    isWatched ? core.nextLiveAt : core.nextMaintenanceAt,
    core.limitCheckAt(now),
  ].filter((at) => at !== undefined)
  return times.length === 0 ? undefined : Math.min(...times)
}
