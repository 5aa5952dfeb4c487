/**
 * What `npm run dev` starts, decided from its arguments alone.
 *
 * The one decision of weight is the local door. `CHARD_LOCAL` is a compile-time constant: where it is true the admin
 * routes need no token and mail becomes files. It is defined only for a server that nobody but this machine can reach,
 * and only as an argument of this command: no file carries it, so no deploy can.
 */
import { parseArgs } from 'node:util'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/
const DEFAULT_PORT = '8787'

/**
 * @typedef {object} DevPlan
 * @property {string[]} args       what `wrangler` is called with
 * @property {boolean} door        whether the local door is open
 * @property {string} [closedBy]   the argument that keeps it closed, for the reader
 * @property {'http' | 'https'} scheme
 * @property {boolean} cron        whether this command stands in for the platform's clock
 */

/**
 * @param {string[]} given arguments after `npm run dev --`
 * @returns {DevPlan}
 */
export function planDev(given) {
  const flags = readFlags(given)
  const closedBy = reachableFromElsewhere(flags)
  const args = ['dev', ...given]

  if (flags.port === undefined) args.push('--port', DEFAULT_PORT)
  // Said aloud, so that `dev.ip` in a configuration file cannot open the server behind the door's back.
  if (flags.ip === undefined) args.push('--ip', 'localhost')
  if (closedBy === undefined) {
    // The interactive session has keys that start a tunnel or move the running code to the network.
    args.push('--show-interactive-dev-session=false', '--local', '--define', 'CHARD_LOCAL:true')
  }
  const scheme = flags['local-protocol'] === 'https' ? 'https' : 'http'
  return {
    args,
    door: closedBy === undefined,
    ...(closedBy && { closedBy }),
    scheme,
    // On the network the platform's own clock runs; the local certificate of https is trusted by nobody.
    cron: !flags.remote && scheme === 'http',
  }
}

/** @param {string[]} given */
function readFlags(given) {
  const { values } = parseArgs({
    args: given,
    strict: false,
    allowNegative: true,
    options: {
      port: { type: 'string' },
      ip: { type: 'string', multiple: true },
      remote: { type: 'boolean', short: 'r' },
      local: { type: 'boolean', short: 'l' },
      tunnel: { type: 'boolean' },
      'tunnel-name': { type: 'string' },
      tunnelName: { type: 'string' },
      'local-protocol': { type: 'string' },
    },
  })
  return values
}

/** @param {ReturnType<typeof readFlags>} flags */
function reachableFromElsewhere(flags) {
  if (flags.remote) return '--remote'
  if (flags.tunnel || flags['tunnel-name'] !== undefined || flags.tunnelName !== undefined) return '--tunnel'
  const open = [flags.ip ?? []].flat().find((ip) => !LOOPBACK.test(String(ip)))
  return open === undefined ? undefined : `--ip ${open}`
}
