import { runInDurableObject } from 'cloudflare:test'
import { test } from 'vitest'
import { freshLedger } from './real-ledger.ts'
test('dbg', async () => {
  await runInDurableObject(freshLedger().ledger, async (_, { storage }) => {
    for (const at of [8.64e15, 8.64e15 + 1e5, 1e13, 9.3e12, 9.2e12, 4.1e12, 1e14, 1.5e14,]) {
      try { await storage.setAlarm(at); console.log(at, await storage.getAlarm()) } catch (e) { console.log(at, String(e)) }
    }
    await storage.deleteAlarm()
    for (const v of [undefined, NaN, Infinity]) { try { console.log(v, JSON.stringify(storage.sql.exec('SELECT ? AS x', v as never).toArray())) } catch (e) { console.log(String(e)) } }
  })
})
