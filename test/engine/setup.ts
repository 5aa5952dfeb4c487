/** Storage is isolated per file by the pool, not per test: every test starts from nothing. */
import { reset } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach } from 'vitest'
import { stopAlarms } from '../quiet.ts'

afterEach(async () => {
  await stopAlarms((env as unknown as { LEDGER: DurableObjectNamespace }).LEDGER)
  await reset()
})
