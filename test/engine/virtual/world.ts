/** The world of most tests: over Node's own SQLite, in memory, which is a few hundred times faster than workerd's. */
import { nodeSql } from '../ledger/node-sql.ts'
import { BareWorld, type WorldOptions } from './bare-world.ts'

export { defaultBounds, type JobLine, type WorldOptions } from './bare-world.ts'

export class World extends BareWorld {
  constructor(options: WorldOptions = {}) {
    super({ ...options, sql: nodeSql })
  }
}
