/**
 * `npm run bench:core`: what limits, partitions and turns cost a ledger's core, on Node's SQLite in memory: no network, no
 * runtime, nothing but the verbs. Each round runs every case, so that a noisy machine hits all alike; the figure to read
 * is the ratio to `plain`.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { nodeSql } from '../src/testing/node-database.ts'

const jobs = 20_000
const batch = 100
const rounds = 5

const outfile = fileURLToPath(new URL('../node_modules/.cache/bench/core.mjs', import.meta.url))
await build({
  stdin: {
    contents: `export { LedgerCore } from './host/core.ts'; export { newJobId } from './domain/job-id.ts'`,
    resolveDir: fileURLToPath(new URL('../src/engine/ledger', import.meta.url)),
  },
  bundle: true,
  format: 'esm',
  platform: 'node',
  outfile,
})
const { LedgerCore, newJobId } = await import(outfile)

const rate = { limit: 1_000_000, perMs: 1_000 }
/** @type {Record<string, { limits?: object, partitions?: number }>} */
const cases = {
  plain: {},
  'concurrency at capacity': { limits: { whole: { concurrency: batch }, each: {} } },
  'a rate limit': { limits: { whole: { rate }, each: {} } },
  '100 partitions': { limits: { whole: {}, each: {} }, partitions: 100 },
  '100 partitions, each limited': { limits: { whole: {}, each: { rate, concurrency: 10 } }, partitions: 100 },
  '10,000 partitions of one place': { limits: { whole: {}, each: { concurrency: 1 } }, partitions: 10_000 },
}

/** @type {Record<string, number[]>} */
const ratios = {}
for (const one of Object.values(cases)) run(one, 2_000)
for (let round = 1; round <= rounds; round++) {
  const plain = run({}, jobs)
  for (const [name, one] of Object.entries(cases)) {
    const ratio = name === 'plain' ? 1 : run(one, jobs) / plain
    ratios[name] = [...(ratios[name] ?? []), ratio]
  }
  console.log(
    `round ${round}: plain ${Math.round(plain).toLocaleString('en')} jobs/s through enqueue, claim and settle`,
  )
}
for (const [name, found] of Object.entries(ratios)) {
  const sorted = found.sort((a, b) => a - b)
  const [least = 0, median = 0, most = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)]
  console.log(`${name.padEnd(34)} ${median.toFixed(2)} of plain (${least.toFixed(2)} to ${most.toFixed(2)})`)
}

/**
 * Enqueues, claims and settles so many jobs; answers how many a second.
 *
 * @param {{ limits?: object, partitions?: number }} which
 * @param {number} count
 */
function run({ limits, partitions = 0 }, count) {
  const retry = { maxAttempts: 5, backoff: 'exponential', delayMs: 1_000, maxDelayMs: 3_600_000, jitter: 'full' }
  let now = 1_900_000_000_000
  const options = {
    shard: 0,
    sql: nodeSql(),
    setAlarm() {},
    random: Math.random,
    policy: () => ({ retry, onFailed: false, ...(limits && { limits }) }),
    retentionMs: 7 * 86_400_000,
    historyBytesMax: 2 ** 30,
  }
  const core = new LedgerCore(options, now, undefined)
  const startedAt = performance.now()
  for (let made = 0; made < count; made += batch) {
    const fresh = Array.from({ length: batch }, (_, index) => ({
      id: newJobId(0, now, Math.random),
      task: 'send',
      input: '{}',
      maxAttempts: 5,
      ...(partitions > 0 && { partition: `p${(made + index) % partitions}` }),
    }))
    core.enqueue({ homeShards: 8, jobs: fresh }, now++)
  }
  /** @type {object[]} */
  let settle = []
  for (let [seq, done] = [1, 0]; done < count; seq++, now += 5) {
    const request = {
      runner: 'r',
      seq,
      ack: seq - 1,
      tasks: { send: 25_000 },
      heartbeats: [],
      want: batch,
      remainingMs: 600_000,
    }
    const { claimed } = core.sync({ ...request, settle }, now)
    done += settle.length
    settle = claimed.map((/** @type {{ id: string, lease: string }} */ { id, lease }) => ({
      id,
      lease,
      outcome: { kind: 'completed' },
      ranMs: 1,
    }))
  }
  return count / ((performance.now() - startedAt) / 1_000)
}
