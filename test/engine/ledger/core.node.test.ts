import { nodeSql } from '../../../src/testing/node-database.ts'
import { coreSuite } from './core.suite.ts'
import { withAlarm } from './rig.ts'

coreSuite("Node's SQLite", (work) => {
  const sql = nodeSql()
  work({ ...withAlarm(sql), rowsWritten: sql.rowsWritten })
})
