/** The pool isolates storage for each file and not for each test, so it is reset after every test. */
import { reset } from 'cloudflare:test'
import { afterAll, afterEach } from 'vitest'
import '../one-proxy.ts'
import { untilAlarmsHaveRung } from '../quiet.ts'

afterEach(reset)
afterAll(untilAlarmsHaveRung)
