/**
 * `npm run smoke -- <url> [--email=<address>] [--timeout=<seconds>]`: tests a deployment from outside, with one new
 * user. It prints a line for each check, then `N passed, N failed`. The exit code is 1 if a check failed, and 2 if the
 * arguments are wrong. The checks are in smoke/checks.ts.
 */
import { randomBytes } from 'node:crypto'
import { parseArgs } from 'node:util'
import { checks, type Visit } from './smoke/checks.ts'

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

const visit: Visit = {
  ask: (path, init = {}) =>
    fetch(new URL(path, base), { redirect: 'manual', signal: AbortSignal.timeout(REQUEST_MS), ...init }),
  email: values.email ?? `smoke+${randomBytes(6).toString('hex')}@example.com`,
  local: ['localhost', '127.0.0.1', '[::1]'].includes(base.hostname),
  jobSeconds,
}

const failed: string[] = []
console.log(`${base.origin} as ${visit.email}`)
for (const [name, check] of Object.entries(checks)) {
  try {
    const detail = await check(visit)
    console.log(`  ✓ ${name}${detail ? ` (${detail})` : ''}`)
  } catch (error) {
    failed.push(name)
    console.log(`  ✗ ${name}: ${reason(error)}`)
  }
}
console.log(`${Object.keys(checks).length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length > 0 ? 1 : 0

/** The address of the deployment. Without a scheme it means https. */
function address(given = ''): URL | undefined {
  try {
    return given === '' ? undefined : new URL(/^https?:\/\//.test(given) ? given : `https://${given}`)
  } catch {
    return undefined
  }
}

/** What went wrong. If the connection failed, `fetch` keeps the reason in the error's cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${REQUEST_MS / 1000} s`
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
