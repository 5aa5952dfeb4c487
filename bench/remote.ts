/**
 * `npm run bench:remote -- <url> [--token T]`: measures a deployment of the bench's Worker over the network. To deploy it:
 *
 *   npx wrangler deploy -c bench/worker/wrangler.toml
 *   npx wrangler secret put BENCH_TOKEN -c bench/worker/wrangler.toml
 *
 * The platform bills the jobs of every run. Finished jobs are pruned after an hour.
 *
 *   --rounds 5   the number of rounds; the medians are reported
 *   --quick      small numbers, to check that everything works
 */
import { parseArgs } from 'node:util'
import { Client } from './client.ts'
import { endToEnd, jobsOf, throughChard } from './measures/end-to-end.ts'
import type { Measure, Sample } from './measures/measure.ts'
import { oneAtATime, oneByOneOnChard } from './measures/one-at-a-time.ts'
import { enqueueOneByOne, singleEnqueues } from './measures/single-enqueues.ts'
import { type MeasureResult, resultOf, tableOf } from './results.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    token: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
  },
})
const [url] = positionals
if (url === undefined || !URL.canParse(url)) {
  console.error('usage: npm run bench:remote -- <url of a deployment of bench/worker> [--token T]')
  process.exit(2)
}
const { quick } = values
const target = { client: new Client(url, values.token) }
const measured: readonly (readonly [Measure, () => Promise<Sample>])[] = [
  [endToEnd, async () => ({ throughput: await throughChard(target, jobsOf(quick)) })],
  [oneAtATime, () => oneByOneOnChard(target, quick)],
  [singleEnqueues, () => enqueueOneByOne(target.client, quick)],
]

const results: MeasureResult[] = []
for (const [measure, take] of measured) {
  const samples: Sample[] = []
  for (let round = 1; round <= Number(values.rounds); round++) {
    samples.push(await take())
    console.log(`${measure.name}, round ${round} of ${values.rounds}: ${JSON.stringify(samples.at(-1))}`)
  }
  // The levels compare with contenders on one machine, which does not apply to a deployment.
  results.push(resultOf({ ...measure, levels: [] }, { Chard: samples }))
}
await target.client.post('/clean')
console.log(`\n${tableOf(results)}\n\nCancelling the jobs that are still queued.`)
