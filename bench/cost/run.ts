/**
 * `npm run bench:cost`: counts what shapes of work cost on the running system and turns it into dollars. Writes
 * results.json beside this file and docs/cost.md. `--explain` prints the arithmetic.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DevServer } from '../../test/e2e/dev-server.ts'
import { type Counts, jobCost } from './counts.ts'
import { type Counted, type Real, type Results, report } from './report.ts'

const root = join(import.meta.dirname, '../..')
/** In the order of the table; the Worker knows what they are. */
const names = [
  'plain',
  'plain, then nothing',
  'startNow',
  'sign-up',
  'bulk',
  'bulk, 200 ms',
  'retry',
  'scheduled',
  'rate-limited',
  '5 s',
  '10 min',
  'late',
]
/** Jobs through the real Worker, to confirm: alone, and by the batch. */
const realAlone = 5
const realMany = 10_000
/** A tick of the CPU times in /proc. */
const tickMs = 10

const kept = await mkdtemp(join(tmpdir(), 'chard-cost-'))
const server = await DevServer.start('wrangler dev', kept, [
  '--config',
  join(import.meta.dirname, 'worker/wrangler.toml'),
])
try {
  const shapes: Counted[] = []
  for (const name of names) {
    const counts = await ask<Counts>(`/shape?name=${encodeURIComponent(name)}`)
    shapes.push({ name, counts, cost: jobCost(counts) })
  }
  const alone = await ask<Real>(`/real?jobs=${realAlone}&batch=1`)
  const before = await cpuMs()
  const many = await ask<Real>(`/real?jobs=${realMany}&batch=500`)
  const results: Results = { shapes, real: { alone, many, cpuMsAJob: ((await cpuMs()) - before) / realMany } }
  const { table, explained, document } = report(results)
  await writeFile(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, null, 2)}\n`)
  await writeFile(join(root, 'docs/cost.md'), document)
  console.log(table)
  if (process.argv.includes('--explain')) console.log(`\n${explained}`)
} finally {
  await server.stop()
  await rm(kept, { recursive: true, force: true })
  await rm(join(import.meta.dirname, 'worker/.wrangler'), { recursive: true, force: true })
}

async function ask<T>(path: string): Promise<T> {
  const answer = await server.fetch(path, { signal: AbortSignal.timeout(300_000) })
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as T
}

/** CPU that every workerd below this process has used: the Worker's, and of the local platform around it. */
async function cpuMs(): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')))
  const parents = new Map<string, string>()
  const used = new Map<string, number>()
  for (const stat of stats) {
    const [, pid = '', command, rest = ''] = /^(\d+) \((.*)\) (.*)$/s.exec(stat) ?? []
    const fields = rest.split(' ')
    parents.set(pid, fields[1] ?? '')
    if (command === 'workerd') used.set(pid, (Number(fields[11]) + Number(fields[12])) * tickMs)
  }
  const isOurs = (pid: string | undefined): boolean =>
    pid === String(process.pid) || (pid !== undefined && parents.has(pid) && isOurs(parents.get(pid)))
  return [...used].reduce((sum, [pid, ms]) => (isOurs(pid) ? sum + ms : sum), 0)
}
