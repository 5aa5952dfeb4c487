/**
 * `npm run smoke -- <url> [--email=<address>] [--timeout=<seconds>]`: proves a deployment from outside, with one new
 * user. A line a check, then `N passed, N failed`; the exit code is 1 when anything failed. What is checked is in
 * smoke/checks.mjs.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { checks } from './smoke/checks.mjs'

const REQUEST_MS = 20_000
const DEFAULT_JOB_SECONDS = '60'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { email: { type: 'string' }, timeout: { type: 'string', default: DEFAULT_JOB_SECONDS } },
})
const base = address(positionals[0])
const jobSeconds = Number(values.timeout)
if (base === undefined || !(jobSeconds > 0)) {
  console.error('Usage: npm run smoke -- <url> [--email=<address>] [--timeout=<seconds>]')
  process.exit(2)
}

const visit = {
  ask: (/** @type {string} */ path, /** @type {RequestInit} */ init = {}) =>
    fetch(new URL(path, base), { redirect: 'manual', signal: AbortSignal.timeout(REQUEST_MS), ...init }),
  email: values.email ?? `smoke+${randomBytes(6).toString('hex')}@example.com`,
  local: ['localhost', '127.0.0.1', '[::1]'].includes(base.hostname),
  jobSeconds,
}

const failed = []
console.log(`${base.origin} as ${visit.email}`)
for (const [name, check] of Object.entries(checks)) {
  try {
    const seen = await check(visit)
    console.log(`  ✓ ${name}${seen ? ` (${seen})` : ''}`)
  } catch (error) {
    failed.push(name)
    console.log(`  ✗ ${name}: ${reason(error)}`)
  }
}
console.log(`${Object.keys(checks).length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length > 0 ? 1 : 0

/** A deployment is reached by https, unless the address says otherwise. @param {string} [given] */
function address(given = '') {
  try {
    return given === '' ? undefined : new URL(/^https?:\/\//.test(given) ? given : `https://${given}`)
  } catch {
    return undefined
  }
}

/** What went wrong in words; a failed connection keeps its reason one level down. @param {unknown} error */
function reason(error) {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${REQUEST_MS / 1000} s`
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
