/** Storage is isolated per file by the pool, not per test: every test starts from nothing. */
import { reset } from 'cloudflare:test'
import { afterAll, afterEach } from 'vitest'
import { forgetSchema } from '../src/app/database/database.ts'
import './one-proxy.ts'
import { untilAlarmsHaveRung } from './quiet.ts'

afterEach(reset)
afterEach(forgetSchema)
afterAll(untilAlarmsHaveRung)
