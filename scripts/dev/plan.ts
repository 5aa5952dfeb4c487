/**
 * What `npm run dev` starts. Its arguments alone decide.
 *
 * The important decision is local mode. `CHARD_LOCAL` is a constant of the build. If it is true, the admin routes need
 * no token, and e-mails are written to files. Only a server that no other machine can reach gets it, and only as an
 * argument of this command. No file contains it, so no deployment can get it.
 */
import { parseArgs } from 'node:util'

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/
const DEFAULT_PORT = '8787'

export interface DevPlan {
  /** The arguments for `wrangler`. */
  readonly args: readonly string[]
  /** Whether local mode is on. */
  readonly local: boolean
  /** The argument that keeps local mode off, as the user reads it. */
  readonly notLocalBecause?: string
  readonly scheme: 'http' | 'https'
  /** Whether this command fires the cron trigger itself. */
  readonly cron: boolean
}

/** @param given the arguments after `npm run dev --` */
export function planDev(given: readonly string[]): DevPlan {
  const flags = readFlags(given)
  const notLocalBecause = reachableThrough(flags)
  const args = ['dev', ...given]

  if (flags.port === undefined) args.push('--port', DEFAULT_PORT)
  // Explicit, so that `dev.ip` in a configuration file cannot make a server in local mode reachable.
  if (flags.ip === undefined) args.push('--ip', 'localhost')
  if (notLocalBecause === undefined) {
    // The interactive session has keys that start a tunnel or move the running code to Cloudflare's network.
    args.push('--show-interactive-dev-session=false', '--local', '--define', 'CHARD_LOCAL:true')
  }
  const scheme = flags['local-protocol'] === 'https' ? 'https' : 'http'
  return {
    args,
    local: notLocalBecause === undefined,
    ...(notLocalBecause && { notLocalBecause }),
    scheme,
    // With --remote, Cloudflare fires the trigger. With https, fetch does not trust the local certificate.
    cron: !flags.remote && scheme === 'http',
  }
}

function readFlags(given: readonly string[]) {
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

/** The argument that lets other machines reach the server, if there is one. */
function reachableThrough(flags: ReturnType<typeof readFlags>): string | undefined {
  if (flags.remote) return '--remote'
  if (flags.tunnel || flags['tunnel-name'] !== undefined || flags.tunnelName !== undefined) return '--tunnel'
  const reachable = [flags.ip ?? []].flat().find((ip) => !LOOPBACK.test(String(ip)))
  return reachable === undefined ? undefined : `--ip ${reachable}`
}
