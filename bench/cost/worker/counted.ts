/** Adds counters to a ledger class: RPC calls, alarms that were set and that rang, and rows. */
import type { ChardWorker } from '../../../src/engine/index.ts'
import type { Meter } from '../../../src/engine/ledger/storage/sql.ts'

/** The counts of one activation. */
export interface LedgerCounts extends Meter {
  calls: number
  alarmsRung: number
  alarmsSet: number
}

type LedgerClass = ChardWorker['Ledger']

/** A subclass that counts, and returns the counts by RPC. */
export function counted(Ledger: LedgerClass) {
  class Counted extends Ledger {
    readonly counts = { calls: 0, alarmsRung: 0, alarmsSet: 0 }

    constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
      const { storage } = ctx
      const setAlarm = storage.setAlarm.bind(storage)
      super(ctx, env)
      storage.setAlarm = (...args) => {
        this.counts.alarmsSet++
        return setAlarm(...args)
      }
    }

    async counted(): Promise<LedgerCounts> {
      return { ...this.counts, ...this.meter }
    }
  }
  for (const [name, { value: method }] of Object.entries(Object.getOwnPropertyDescriptors(Ledger.prototype))) {
    // The watchdog's calls, `wake` and `settings`, come every minute whether or not there are jobs.
    if (name === 'constructor' || name === 'wake' || name === 'settings' || typeof method !== 'function') continue
    Object.defineProperty(Counted.prototype, name, {
      value(this: Counted, ...args: unknown[]) {
        this.counts[name === 'alarm' ? 'alarmsRung' : 'calls']++
        return method.apply(this, args)
      },
    })
  }
  return Counted
}
