/** A ledger class that counts its calls, its alarms and its rows. */
import type { ChardWorker } from '../../../src/engine/index.ts'
import type { Meter } from '../../../src/engine/ledger/storage/sql.ts'

/** What one activation has counted. */
export interface LedgerCounts extends Meter {
  calls: number
  alarmsRung: number
  alarmsSet: number
}

type LedgerClass = ChardWorker['Ledger']

export function counted(Ledger: LedgerClass) {
  class Counted extends Ledger {
    readonly counts = { calls: 0, alarmsRung: 0, alarmsSet: 0 }

    constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
      const { storage } = ctx
      const setAlarm = storage.setAlarm.bind(storage)
      super(ctx, env)
      storage.setAlarm = (...asked) => {
        this.counts.alarmsSet++
        return setAlarm(...asked)
      }
    }

    async counted(): Promise<LedgerCounts> {
      return { ...this.counts, ...this.meter }
    }
  }
  const doors = Counted.prototype as unknown as Record<string, (this: Counted, ...asked: unknown[]) => unknown>
  for (const name of Object.getOwnPropertyNames(Ledger.prototype)) {
    const door = doors[name]
    // The watchdog comes every minute, whatever there is to do, so its calls are not counted by the job.
    if (name === 'constructor' || name === 'wake' || name === 'settings' || typeof door !== 'function') continue
    doors[name] = function (...asked) {
      this.counts[name === 'alarm' ? 'alarmsRung' : 'calls']++
      return door.apply(this, asked)
    }
  }
  return Counted
}
