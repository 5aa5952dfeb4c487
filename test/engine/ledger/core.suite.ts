/** What a ledger's core does, whatever SQLite is under it: one suite is the contract. */
import { describe } from 'vitest'
import { beatSuite } from './core/beat.suite.ts'
import { claimSuite } from './core/claim.suite.ts'
import { enqueueSuite } from './core/enqueue.suite.ts'
import { followSuite } from './core/follow.suite.ts'
import { limitsSuite } from './core/limits.suite.ts'
import { limitsWalkSuite } from './core/limits-walk.suite.ts'
import { readSuite } from './core/read.suite.ts'
import { rollbackSuite } from './core/rollback.suite.ts'
import { settleSuite } from './core/settle.suite.ts'
import { steerSuite } from './core/steer.suite.ts'
import { uniqueSuite } from './core/unique.suite.ts'
import { upkeepSuite } from './core/upkeep.suite.ts'
import type { WithStore } from './rig.ts'

export function coreSuite(name: string, withStore: WithStore): void {
  describe(`a ledger's core on ${name}`, () => {
    enqueueSuite(withStore)
    claimSuite(withStore)
    uniqueSuite(withStore)
    followSuite(withStore)
    limitsSuite(withStore)
    limitsWalkSuite(withStore)
    settleSuite(withStore)
    beatSuite(withStore)
    steerSuite(withStore)
    readSuite(withStore)
    upkeepSuite(withStore)
    rollbackSuite(withStore)
  })
}
