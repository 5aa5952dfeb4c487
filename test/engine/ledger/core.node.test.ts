import { coreSuite } from './core.suite.ts'
import { nodeSql } from './node-sql.ts'
import { withAlarm } from './rig.ts'

coreSuite("Node's SQLite", (work) => {
  const sql = nodeSql()
  work({ ...withAlarm(sql), rowsWritten: sql.rowsWritten })
})
