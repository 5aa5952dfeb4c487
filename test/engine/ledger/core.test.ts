import { runInDurableObject } from 'cloudflare:test'
import { expect } from 'vitest'
import { durableSql } from '../../../src/engine/ledger/host/durable-sql.ts'
import { coreSuite } from './core.suite.ts'
import { freshLedger } from './real-ledger.ts'
import { withAlarm } from './rig.ts'

/** The core works on a ledger's storage directly. No test calls the ledger itself. */
coreSuite("a Durable Object's SQLite", async (work) => {
  await runInDurableObject(freshLedger().ledger, async (_, { storage }) => {
    const meter = { rowsRead: 0, rowsWritten: 0 }
    const alarmed = withAlarm(durableSql(storage, meter), (at) => void storage.setAlarm(at))
    work({ ...alarmed, rowsWritten: () => meter.rowsWritten })
    // The alarm that the suite recorded is the one that the platform has armed: a rollback takes back both.
    expect((await storage.getAlarm()) ?? undefined).toBe(alarmed.alarmAt())
    await storage.deleteAlarm()
  })
})
