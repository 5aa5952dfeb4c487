/**
 * Alarms of ledgers that `reset` has deleted still ring. One that does while its file comes to its end can leave the
 * test runtime waiting for ever, so a file waits a little longer than the most patient of them.
 */
import { wakeUpTimeoutMs } from '../src/engine/ledger/domain/timeouts.ts'

export function untilAlarmsHaveRung(): Promise<void> {
  return scheduler.wait(wakeUpTimeoutMs * 2)
}
