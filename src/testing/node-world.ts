/** A world in Node, over Node's own SQLite in memory. */
import { NodeDatabase } from './node-database.ts'
import { World, type WorldOptions } from './world.ts'

export type NodeWorldOptions = Omit<WorldOptions, 'database'>

export class NodeWorld extends World {
  constructor(options: NodeWorldOptions = {}) {
    super({ ...options, database: () => new NodeDatabase() })
  }
}
