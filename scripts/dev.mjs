/**
 * `npm run dev [-- arguments of wrangler dev]`: the Worker on this machine, with no account, question or network.
 *
 * Owns the life of the server: `wrangler` and the runtimes it starts form one process group, and whatever ends this
 * command ends the group. Which arguments it starts with is decided in dev/plan.mjs.
 *
 * A server that ends by itself with an error is started again, with its stores as they were. The proxy of `wrangler dev`
 * uses a connection once more in the very moment the runtime closes it, after five idle seconds, and takes what follows
 * ("Network connection lost") for its own end.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { whenOrphaned } from './dev/exit-with-parent.mjs'
import { planDev } from './dev/plan.mjs'

const CRON_PERIOD_MS = 60_000
const GRACE_MS = 5_000

const plan = planDev(process.argv.slice(2))
const ownGroup = process.platform !== 'win32'
const wrangler = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')
const guard = new URL('./dev/exit-with-parent.mjs', import.meta.url).href

if (plan.closedBy !== undefined) {
  console.log(
    `With ${plan.closedBy} others may reach this server: the admin routes ask for ADMIN_TOKEN, as in production.`,
  )
}

let server = start()
let stopping = false
let cron = false

function start() {
  const child = spawn(process.execPath, [wrangler, ...plan.args], {
    // A group of its own, so that ending it misses no runtime and hits nobody else. The channel reports the address.
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
    const { event, ip, port } = JSON.parse(String(message))
    if (event !== 'DEV_SERVER_READY') return
    ready = true
    announce(`${/^[^[].*:/.test(ip) ? `[${ip}]` : ip}:${port}`)
  })
  child.on('exit', (code, signal) => {
    killGroup()
    // One that never came up would not the next time either.
    if (stopping || !ready || !code) process.exit(code ?? 128 + constants.signals[signal ?? 'SIGKILL'])
    console.log('The development server has ended by itself: starting it again.')
    server = start()
  })
  return child
}

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, stop)
process.on('exit', killGroup)
// A direct `node scripts/dev.mjs` may be started by a shell that leaves at once; `npm` stays.
if (process.env['npm_lifecycle_event'] !== undefined) whenOrphaned(stop)

/** Asks the server to end; insists when it does not. */
function stop() {
  stopping = true
  server.kill('SIGTERM')
  setTimeout(() => process.exit(1), GRACE_MS).unref()
}

function killGroup() {
  try {
    if (ownGroup && server.pid !== undefined) process.kill(-server.pid, 'SIGKILL')
    else server.kill('SIGKILL')
  } catch {
    // Nobody is left.
  }
}

/** @param {string} host */
function announce(host) {
  const url = `${plan.scheme}://${host}`
  console.log(`Chard: ${url}`)
  if (plan.door) console.log(`Open to this machine alone, without a token: ${url}/admin`)
  if (!plan.cron || cron) return
  cron = true
  // At once, too: the first turn installs the schedules.
  fireCron(url)
  setInterval(() => fireCron(url), CRON_PERIOD_MS).unref()
}

/**
 * Locally nobody fires cron triggers, and the watchdog is one. Failing is fine: the next minute asks again.
 *
 * @param {string} url
 */
function fireCron(url) {
  fetch(`${url}/cdn-cgi/local/scheduled?cron=*+*+*+*+*`).catch(() => {})
}
