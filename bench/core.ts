/**
 * `npm run bench:core`: what limits and partitions cost a ledger's core, on Node's SQLite in memory. There is no network
 * and no runtime, only the verbs. Each round runs every case, so that a noisy machine affects all of them alike. The
 * figure to read is the ratio to `plain`.
 */
import type { NewJob } from '../src/engine/ledger/protocol/enqueue.ts'
import type { Settlement, SyncRequest } from '../src/engine/ledger/protocol/sync.ts'
import type { CheckedLimits } from '../src/engine/task/limits.ts'
import { nodeSql } from '../src/testing/node-database.ts'
import { coreOptions, loadEngine } from './engine.ts'

/** The difference of a case from plain jobs. */
interface Case {
  /** The limits of the task. Default: none. */
  readonly limits?: CheckedLimits
  /** The number of partitions to which the jobs belong. Default: none. */
  readonly partitions?: number
}

const jobs = 20_000
const warmUpJobs = 2_000
const batch = 100
const rounds = 5

const { LedgerCore, defaultRetryPolicy, newJobId } = await loadEngine()

const rate = { limit: 1_000_000, perMs: 1_000 }
const cases: Readonly<Record<string, Case>> = {
  plain: {},
  'concurrency at capacity': { limits: { whole: { concurrency: batch }, each: {} } },
  'a rate limit': { limits: { whole: { rate }, each: {} } },
  '100 partitions': { limits: { whole: {}, each: {} }, partitions: 100 },
  '100 partitions, each limited': { limits: { whole: {}, each: { rate, concurrency: 10 } }, partitions: 100 },
  '10,000 partitions of one slot': { limits: { whole: {}, each: { concurrency: 1 } }, partitions: 10_000 },
}

const ratios: Record<string, number[]> = {}
for (const one of Object.values(cases)) jobsPerSecond(one, warmUpJobs)
for (let round = 1; round <= rounds; round++) {
  const plain = jobsPerSecond({}, jobs)
  for (const [name, one] of Object.entries(cases)) {
    const ratio = name === 'plain' ? 1 : jobsPerSecond(one, jobs) / plain
    ratios[name] = [...(ratios[name] ?? []), ratio]
  }
  console.log(
    `round ${round}: plain ${Math.round(plain).toLocaleString('en')} jobs/s through enqueue, claim and settle`,
  )
}
for (const [name, measured] of Object.entries(ratios)) {
  const sorted = measured.sort((a, b) => a - b)
  const [least = 0, median = 0, most = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)]
  console.log(`${name.padEnd(34)} ${median.toFixed(2)} of plain (${least.toFixed(2)} to ${most.toFixed(2)})`)
}

/** Enqueues, claims and settles `count` jobs, and returns how many it did per second. */
function jobsPerSecond({ limits, partitions = 0 }: Case, count: number): number {
  const policy = { retry: defaultRetryPolicy, onFailed: false, ...(limits && { limits }) }
  let now = 1_900_000_000_000
  const core = new LedgerCore(coreOptions(nodeSql(), policy), now, undefined)
  const startedAt = performance.now()
  for (let enqueued = 0; enqueued < count; enqueued += batch) {
    const added = Array.from(
      { length: batch },
      (_, index): NewJob => ({
        id: newJobId(0, now, Math.random),
        task: 'send',
        input: '{}',
        maxAttempts: 5,
        ...(partitions > 0 && { partition: `p${(enqueued + index) % partitions}` }),
      }),
    )
    core.enqueue({ homeShards: 8, jobs: added }, now++)
  }
  let settle: readonly Settlement[] = []
  for (let [seq, settled] = [1, 0]; settled < count; seq++, now += 5) {
    const request: SyncRequest = {
      runner: 'r',
      seq,
      ack: seq - 1,
      tasks: { send: 25_000 },
      settle,
      heartbeats: [],
      want: batch,
      remainingMs: 600_000,
    }
    const { claimed } = core.sync(request, now)
    settled += settle.length
    settle = claimed.map(({ id, lease }) => ({ id, lease, outcome: { kind: 'completed' }, ranMs: 1 }))
  }
  return count / ((performance.now() - startedAt) / 1_000)
}
