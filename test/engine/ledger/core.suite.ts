/** The contract of a ledger's core: one suite that runs over every SQLite. */
import { describe } from 'vitest'
import { bulkSuite } from './core/bulk.suite.ts'
import { claimSuite } from './core/claim.suite.ts'
import { controlSuite } from './core/control.suite.ts'
import { enqueueSuite } from './core/enqueue.suite.ts'
import { expireSuite } from './core/expire.suite.ts'
import { fairnessSuite } from './core/fairness.suite.ts'
import { followSuite } from './core/follow.suite.ts'
import { heartbeatSuite } from './core/heartbeat.suite.ts'
import { limitResetsSuite } from './core/limit-resets.suite.ts'
import { limitsSuite } from './core/limits.suite.ts'
import { limitsWalkSuite } from './core/limits-walk.suite.ts'
import { maintenanceSuite } from './core/maintenance.suite.ts'
import { minuteStatsSuite } from './core/minute-stats.suite.ts'
import { readSuite } from './core/read.suite.ts'
import { recycleSuite } from './core/recycle.suite.ts'
import { rollbackSuite } from './core/rollback.suite.ts'
import { scheduleControlSuite } from './core/schedule-control.suite.ts'
import { schedulesSuite } from './core/schedules.suite.ts'
import { settingsSuite } from './core/settings.suite.ts'
import { settleSuite } from './core/settle.suite.ts'
import { slotsSuite } from './core/slots.suite.ts'
import { uniqueSuite } from './core/unique.suite.ts'
import { uniqueWalkSuite } from './core/unique-walk.suite.ts'
import { updateSuite } from './core/update.suite.ts'
import type { WithStore } from './rig.ts'

export function coreSuite(name: string, withStore: WithStore): void {
  describe(`a ledger's core on ${name}`, () => {
    enqueueSuite(withStore)
    claimSuite(withStore)
    uniqueSuite(withStore)
    followSuite(withStore)
    uniqueWalkSuite(withStore)
    fairnessSuite(withStore)
    limitsSuite(withStore)
    limitResetsSuite(withStore)
    limitsWalkSuite(withStore)
    settleSuite(withStore)
    schedulesSuite(withStore)
    slotsSuite(withStore)
    scheduleControlSuite(withStore)
    heartbeatSuite(withStore)
    controlSuite(withStore)
    updateSuite(withStore)
    bulkSuite(withStore)
    settingsSuite(withStore)
    expireSuite(withStore)
    readSuite(withStore)
    maintenanceSuite(withStore)
    recycleSuite(withStore)
    minuteStatsSuite(withStore)
    rollbackSuite(withStore)
  })
}
