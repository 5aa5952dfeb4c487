/** What a ledger's core does, whatever SQLite is under it: one suite is the contract. */
import { describe } from 'vitest'
import { bulkSuite } from './core/bulk.suite.ts'
import { claimSuite } from './core/claim.suite.ts'
import { steerSuite } from './core/control.suite.ts'
import { enqueueSuite } from './core/enqueue.suite.ts'
import { expireSuite } from './core/expire.suite.ts'
import { fairnessSuite } from './core/fairness.suite.ts'
import { followSuite } from './core/follow.suite.ts'
import { beatSuite } from './core/heartbeat.suite.ts'
import { openingsSuite } from './core/limit-resets.suite.ts'
import { limitsSuite } from './core/limits.suite.ts'
import { limitsWalkSuite } from './core/limits-walk.suite.ts'
import { upkeepSuite } from './core/maintenance.suite.ts'
import { talliesSuite } from './core/minute-stats.suite.ts'
import { readSuite } from './core/read.suite.ts'
import { tailSuite } from './core/recycle.suite.ts'
import { rollbackSuite } from './core/rollback.suite.ts'
import { scheduleSteeringSuite } from './core/schedule-control.suite.ts'
import { schedulesSuite } from './core/schedules.suite.ts'
import { settingsSuite } from './core/settings.suite.ts'
import { settleSuite } from './core/settle.suite.ts'
import { slotsSuite } from './core/slots.suite.ts'
import { uniqueSuite } from './core/unique.suite.ts'
import { uniqueWalkSuite } from './core/unique-walk.suite.ts'
import { amendSuite } from './core/update.suite.ts'
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
    openingsSuite(withStore)
    limitsWalkSuite(withStore)
    settleSuite(withStore)
    schedulesSuite(withStore)
    slotsSuite(withStore)
    scheduleSteeringSuite(withStore)
    beatSuite(withStore)
    steerSuite(withStore)
    amendSuite(withStore)
    bulkSuite(withStore)
    settingsSuite(withStore)
    expireSuite(withStore)
    readSuite(withStore)
    upkeepSuite(withStore)
    tailSuite(withStore)
    talliesSuite(withStore)
    rollbackSuite(withStore)
  })
}
