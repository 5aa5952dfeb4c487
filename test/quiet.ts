/**
 * No alarm outlives its test. One that rings in an object that `reset` has deleted, while the file comes to its end, can
 * leave the test runtime waiting for ever.
 */
import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'

export async function stopAlarms(ledgers: DurableObjectNamespace): Promise<void> {
  for (const id of await listDurableObjectIds(ledgers)) {
    await runInDurableObject(ledgers.get(id), (_, { storage }) => storage.deleteAlarm())
  }
}
