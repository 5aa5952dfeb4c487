import { runInDurableObject } from 'cloudflare:test'
import { expect } from 'vitest'
import { durableSql } from '../../../src/engine/ledger/host/durable-sql.ts'
import { coreSuite } from './core.suite.ts'
import { freshLedger } from './real-ledger.ts'
import { withAlarm } from './rig.ts'

/** The core is opened over a ledger's storage; the ledger itself is never spoken to. */
coreSuite("a Durable Object's SQLite", async (work) => {
  await runInDurableObject(freshLedger().ledger, async (_, { storage }) => {
    const meter = { rowsRead: 0, rowsWritten: 0 }
    const alarmed = withAlarm(durableSql(storage, meter), (at) => void storage.setAlarm(at))
    work({ ...alarmed, rowsWritten: () => meter.rowsWritten })
    // What the suite believes to be armed is what is armed: the platform took it back with every rollback.
    expect((await storage.getAlarm()) ?? undefined).toBe(alarmed.alarmAt())
    await storage.deleteAlarm()
  })
})
