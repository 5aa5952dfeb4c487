/**
 * `npm run dev [-- arguments of wrangler dev]`: runs the Worker on this machine, without an account, a prompt or
 * network access.
 *
 * `wrangler` and the runtimes it starts form one process group. When this command ends, for whatever reason, the group
 * ends. Its arguments are decided in dev/plan.ts.
 *
 * A server that exits with an error is started again and keeps its stored data. This happens because the runtime closes
 * a connection after five idle seconds. If the proxy of `wrangler dev` uses the connection in that moment, it reports
 * "Network connection lost" and exits.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { whenOrphaned } from './dev/exit-with-parent.ts'
import { planDev } from './dev/plan.ts'

const CRON_PERIOD_MS = 60_000
const GRACE_MS = 5_000

/** What `wrangler dev` sends over its channel. */
interface Message {
  readonly event: string
  readonly ip: string
  readonly port: number
}

const plan = planDev(process.argv.slice(2))
const ownGroup = process.platform !== 'win32'
const wrangler = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')
const guard = new URL('./dev/exit-with-parent.ts', import.meta.url).href

if (plan.notLocalBecause !== undefined) {
  console.log(
    `With ${plan.notLocalBecause}, other machines may reach this server. The admin routes require ADMIN_TOKEN, as in production.`,
  )
}

let server = start()
let stopping = false
let cron = false

function start(): ChildProcess {
  const child = spawn(process.execPath, [wrangler, ...plan.args], {
    // Its own group, so that ending the group ends every runtime and nothing else. The channel reports the address.
    detached: ownGroup,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: {
      CLOUDFLARE_CF_FETCH_ENABLED: 'false',
      WRANGLER_SEND_METRICS: 'false',
      WRANGLER_HIDE_BANNER: 'true',
      ...process.env,
      CHARD_DEV_PID: String(process.pid),
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${guard}`.trim(),
    },
  })
  let ready = false
  child.on('message', (message) => {
    const { event, ip, port }: Message = JSON.parse(String(message))
    if (event !== 'DEV_SERVER_READY') return
    ready = true
    onReady(`${/^[^[].*:/.test(ip) ? `[${ip}]` : ip}:${port}`)
  })
  child.on('exit', (code, signal) => {
    killGroup()
    // A server that was never ready would fail again.
    if (stopping || !ready || !code) process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    console.log('The development server exited with an error: starting it again.')
    server = start()
  })
  return child
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop)
process.on('exit', killGroup)
// A shell that runs `node scripts/dev.ts` may exit at once, so only `npm`, which stays, is watched.
if (process.env['npm_lifecycle_event'] !== undefined) whenOrphaned(stop)

/** Asks the server to end, and ends it by force after five seconds. */
function stop(): void {
  stopping = true
  server.kill('SIGTERM')
  setTimeout(() => process.exit(1), GRACE_MS).unref()
}

function killGroup(): void {
  try {
    if (ownGroup && server.pid !== undefined) process.kill(-server.pid, 'SIGKILL')
    else server.kill('SIGKILL')
  } catch {
    // All processes of the group have ended.
  }
}

function onReady(host: string): void {
  const url = `${plan.scheme}://${host}`
  console.log(`Chard: ${url}`)
  if (plan.local) console.log(`Dashboard, without a token, reachable from this machine only: ${url}/admin`)
  if (!plan.cron || cron) return
  cron = true
  // Also at once, because the first run installs the schedules.
  fireCron(url)
  setInterval(() => fireCron(url), CRON_PERIOD_MS).unref()
}

/** Fires the cron trigger, which runs the watchdog. `wrangler dev` never does. A failure is repaired a minute later. */
function fireCron(url: string): void {
  fetch(`${url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`).catch(() => {})
}
