/**
 * `npm run bench:cost`: counts what shapes of work cost on the running system, and converts the counts to dollars. Writes
 * `bench/cost/results.json` and `docs/cost.md`.
 *
 *   --explain    print the arithmetic too
 *   --documents  count nothing; write the document again from `bench/cost/results.json`
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { DevServer } from '../../test/e2e/dev-server.ts'
import { type Counts, jobCost } from './counts.ts'
import { report } from './report.ts'
import type { RealCounts, RealResults, Results, ShapeResult } from './results.ts'

const root = join(import.meta.dirname, '../..')
const resultsFile = join(import.meta.dirname, 'results.json')
/** Jobs through the real Worker: enqueued one at a time, and in batches. */
const realAlone = 5
const realMany = 10_000
const realBatch = 500
/** The unit of the CPU times in /proc. */
const tickMs = 10
/** For one request, which runs a whole shape. */
const timeoutMs = 300_000

const { explain, documents } = parseArgs({
  options: { explain: { type: 'boolean', default: false }, documents: { type: 'boolean', default: false } },
}).values

const results: Results = documents ? JSON.parse(await readFile(resultsFile, 'utf8')) : await countAll()
const { table, explained, document } = report(results)
await writeFile(resultsFile, `${JSON.stringify(results, null, 2)}\n`)
await writeFile(join(root, 'docs/cost.md'), document)
console.log(table)
if (explain) console.log(`\n${explained}`)

async function countAll(): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'chard-cost-'))
  const config = join(import.meta.dirname, 'worker/wrangler.toml')
  const server = await DevServer.start('wrangler dev', folder, ['--config', config])
  try {
    return { shapes: await countShapes(server), real: await countReal(server) }
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
    await rm(join(import.meta.dirname, 'worker/.wrangler'), { recursive: true, force: true })
  }
}

async function countShapes(server: DevServer): Promise<ShapeResult[]> {
  const results: ShapeResult[] = []
  for (const shape of await get<Pick<ShapeResult, 'name' | 'what' | 'unit'>[]>(server, '/shapes')) {
    const counts = await get<Counts>(server, `/shape?name=${encodeURIComponent(shape.name)}`)
    results.push({ ...shape, counts, cost: jobCost(counts) })
  }
  return results
}

async function countReal(server: DevServer): Promise<RealResults> {
  const alone = await get<RealCounts>(server, `/real?jobs=${realAlone}&batch=1`)
  const before = await cpuMs()
  const many = await get<RealCounts>(server, `/real?jobs=${realMany}&batch=${realBatch}`)
  return { alone, many, cpuMsAJob: ((await cpuMs()) - before) / realMany }
}

async function get<T>(server: DevServer, path: string): Promise<T> {
  const response = await server.fetch(path, { signal: AbortSignal.timeout(timeoutMs) })
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
  return (await response.json()) as T
}

/** The CPU time of all workerd processes below this one: that of the Worker, and that of the local platform around it. */
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
