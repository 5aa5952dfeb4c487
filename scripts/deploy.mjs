/**
 * `npm run deploy [-- arguments of wrangler deploy]`: asks the account for what the Worker needs, says what to do about
 * the rest, and deploys. `--skip-checks` asks nothing, but never deploys the open local door. What an answer means is
 * decided in deploy/findings.mjs.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { unstable_readConfig as readConfig } from 'wrangler'
import { findings, localDoor } from './deploy/findings.mjs'

const wrangler = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')
const quiet = { WRANGLER_HIDE_BANNER: 'true', WRANGLER_SEND_METRICS: 'false', ...process.env }

const given = process.argv.slice(2)
const args = given.filter((arg) => arg !== '--skip-checks')
const skipChecks = args.length < given.length
const dryRun = args.includes('--dry-run')

const list = await check()
print(list)
if (list.some(({ kind }) => kind === 'problem') && !dryRun) {
  console.log(
    '\nNothing was deployed. Mend what is marked ✗ and run this again. (--skip-checks asks the account nothing.)',
  )
  process.exit(1)
}
process.exitCode = deploy()

/** Asks the account, all at once where one answer does not depend on another. */
async function check() {
  const { target, worker } = whichWorker()
  const config = readConfig(target)
  if (skipChecks) return localDoor(config, args)

  const whoami = await ask('whoami', '--json')
  if (whoami.code !== 0) return findings({ whoami }, config, args)
  const [buckets, secrets, senders] = await Promise.all([
    ask('r2', 'bucket', 'list'),
    ask('secret', 'list', ...worker),
    config.vars['MAIL_FROM'] ? ask('email', 'sending', 'list') : undefined,
  ])
  return findings({ whoami, buckets, secrets, ...(senders && { senders }) }, config, args)
}

/** @param {import('./deploy/findings.mjs').Finding[]} list */
function print(list) {
  const marks = { ok: '✓', note: '!', problem: '✗' }
  if (list.length > 0) console.log('Before deploying:')
  for (const { kind, title, advice } of list) {
    console.log(`  ${marks[kind]} ${title}${advice ? `\n${advice.replace(/^/gm, '      ')}` : ''}`)
  }
}

/** The arguments that say which Worker is meant, for the commands that are asked about it. */
function whichWorker() {
  const { values } = parseArgs({
    args,
    strict: false,
    options: {
      config: { type: 'string', short: 'c' },
      env: { type: 'string', short: 'e' },
      name: { type: 'string' },
    },
  })
  const named = Object.entries({ config: values.config, env: values.env, name: values.name })
  const target = { config: text(values.config), env: text(values.env) }
  return { target, worker: named.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`, String(value)])) }
}

/** @param {unknown} value */
function text(value) {
  return typeof value === 'string' ? value : undefined
}

/**
 * @param {string[]} command
 * @returns {Promise<import('./deploy/findings.mjs').Answer>}
 */
function ask(...command) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [wrangler, ...command], { stdio: ['ignore', 'pipe', 'pipe'], env: quiet })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (said += part))
    child.on('error', (error) => resolve({ code: 1, text: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, text: stripVTControlCharacters(said) }))
  })
}

/** Deploys with the terminal's own input and output, and says what comes next. */
function deploy() {
  const folder = mkdtempSync(join(tmpdir(), 'chard-deploy-'))
  const report = join(folder, 'report.ndjson')
  try {
    const { status } = spawnSync(process.execPath, [wrangler, 'deploy', ...args], {
      stdio: 'inherit',
      env: { ...quiet, WRANGLER_OUTPUT_FILE_PATH: report },
    })
    if (status === 0 && !dryRun) {
      console.log(`\nProve it from outside: npm run smoke -- ${addressIn(report) ?? '<the address above>'}`)
    }
    return status ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * The Worker's address, from the report that wrangler writes of a deploy.
 *
 * @param {string} report
 * @returns {string | undefined}
 */
function addressIn(report) {
  try {
    const entries = readFileSync(report, 'utf8').trim().split('\n')
    const { targets } = entries.map((line) => JSON.parse(line)).find(({ type }) => type === 'deploy')
    return targets.find((/** @type {string} */ target) => target.startsWith('https://'))
  } catch {
    return undefined
  }
}
