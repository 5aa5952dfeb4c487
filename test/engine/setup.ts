/** Storage is isolated per file by the pool, not per test: every test starts from nothing. */
import { reset } from 'cloudflare:test'
import { afterAll, afterEach } from 'vitest'
import '../one-proxy.ts'
import { untilAlarmsHaveRung } from '../quiet.ts'

afterEach(reset)
afterAll(untilAlarmsHaveRung)
