/**
 * `npm run deploy [-- arguments of wrangler deploy]`: checks that the account has what the Worker needs, says how to
 * fix what is missing, and deploys. With `--skip-checks` it asks the account nothing, but still refuses to deploy local
 * mode. The answers are judged in deploy/findings.ts.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs, stripVTControlCharacters } from 'node:util'
import { unstable_readConfig as readConfig } from 'wrangler'
import { type Answer, type Finding, findings, localMode } from './deploy/findings.ts'

/** What is used here of an entry in wrangler's report. */
interface ReportEntry {
  readonly type: string
  readonly targets?: readonly string[]
}

const wrangler = join(dirname(createRequire(import.meta.url).resolve('wrangler/package.json')), 'bin/wrangler.js')
const env = { WRANGLER_HIDE_BANNER: 'true', WRANGLER_SEND_METRICS: 'false', ...process.env }

const given = process.argv.slice(2)
const args = given.filter((arg) => arg !== '--skip-checks')
const skipChecks = args.length < given.length
const dryRun = args.includes('--dry-run')

const list = await check()
print(list)
if (list.some(({ kind }) => kind === 'problem') && !dryRun) {
  console.log(
    '\nNothing was deployed. Fix what is marked ✗ and run this command again. (With --skip-checks it asks the account nothing.)',
  )
  process.exit(1)
}
process.exitCode = deploy()

/** Asks the account. Questions that do not depend on each other are asked at the same time. */
async function check(): Promise<Finding[]> {
  const { target, flags } = whichWorker()
  const config = readConfig(target)
  if (skipChecks) return localMode(config, args)

  const whoami = await ask('whoami', '--json')
  if (whoami.code !== 0) return findings({ whoami }, config, args)
  const [buckets, secrets, senders] = await Promise.all([
    ask('r2', 'bucket', 'list'),
    ask('secret', 'list', ...flags),
    config.vars['MAIL_FROM'] ? ask('email', 'sending', 'list') : undefined,
  ])
  return findings({ whoami, buckets, secrets, ...(senders && { senders }) }, config, args)
}

function print(list: readonly Finding[]): void {
  const signs = { ok: '✓', note: '!', problem: '✗' }
  if (list.length > 0) console.log('Before deploying:')
  for (const { kind, title, advice } of list) {
    console.log(`  ${signs[kind]} ${title}${advice ? `\n${advice.replace(/^/gm, '      ')}` : ''}`)
  }
}

/** The Worker that the arguments name: as options for reading the configuration, and as flags for wrangler. */
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
  const target = { config: stringOrNone(values.config), env: stringOrNone(values.env) }
  return { target, flags: named.flatMap(([flag, value]) => (value === undefined ? [] : [`--${flag}`, String(value)])) }
}

function stringOrNone(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Runs a command of wrangler and collects what it prints. */
function ask(...command: string[]): Promise<Answer> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [wrangler, ...command], { stdio: ['ignore', 'pipe', 'pipe'], env })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += part))
    child.on('error', (error) => resolve({ code: 1, text: error.message }))
    child.on('close', (code) => resolve({ code: code ?? 1, text: stripVTControlCharacters(output) }))
  })
}

/** Deploys on the terminal's own input and output, and prints the next step. Returns the exit code. */
function deploy(): number {
  const folder = mkdtempSync(join(tmpdir(), 'chard-deploy-'))
  const report = join(folder, 'report.ndjson')
  try {
    const { status } = spawnSync(process.execPath, [wrangler, 'deploy', ...args], {
      stdio: 'inherit',
      env: { ...env, WRANGLER_OUTPUT_FILE_PATH: report },
    })
    if (status === 0 && !dryRun) {
      console.log(`\nTest the deployment: npm run smoke -- ${addressIn(report) ?? '<the address above>'}`)
    }
    return status ?? 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The Worker's address, from the report that wrangler writes about a deployment. */
function addressIn(report: string): string | undefined {
  try {
    const lines = readFileSync(report, 'utf8').trim().split('\n')
    const entries = lines.map((line): ReportEntry => JSON.parse(line))
    return entries.find(({ type }) => type === 'deploy')?.targets?.find((target) => target.startsWith('https://'))
  } catch {
    return undefined
  }
}
