/**
 * `npm run bench`: Chard beside what people use today, on this machine. Each round runs every contender once, so that a
 * noisy machine hits all alike; the figures to read are the ratios.
 *
 *   --rounds 5            how often; the medians count
 *   --only <measure>      one measure instead of all
 *   --contender <name>    one contender instead of all
 *   --quick               small numbers, to see that everything works
 *   --shards 4            ledgers of Chard
 *   --cpu-profile <file>  a profile of Chard's Worker during end-to-end
 */
import { parseArgs } from 'node:util'
import { endToEnd } from './measures/end-to-end.ts'
import type { Measure, Sample, Sizes } from './measures/measure.ts'
import { oneAtATime } from './measures/one-at-a-time.ts'
import { signUp } from './measures/sign-up.ts'
import { singleEnqueues } from './measures/single-enqueues.ts'

const measures: readonly Measure[] = [endToEnd, oneAtATime, singleEnqueues, signUp]

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string' },
    contender: { type: 'string' },
    quick: { type: 'boolean', default: false },
    shards: { type: 'string', default: '4' },
    'cpu-profile': { type: 'string' },
  },
})
const sizes: Sizes = {
  quick: values.quick,
  shards: Number(values.shards),
  ...(values['cpu-profile'] !== undefined && { cpuProfile: values['cpu-profile'] }),
}
const chosen = measures.filter(({ name }) => values.only === undefined || name === values.only)
if (chosen.length === 0)
  throw new Error(`--only is ${values.only}; it takes ${measures.map(({ name }) => name).join(', ')}`)

for (const measure of chosen) {
  const samples: Record<string, Sample[]> = {}
  const rounds = Math.min(Number(values.rounds), measure.roundsMax ?? Number.POSITIVE_INFINITY)
  for (let round = 1; round <= rounds; round++) {
    for (const [name, take] of Object.entries(measure.contenders)) {
      if (values.contender !== undefined && !name.toLowerCase().startsWith(values.contender.toLowerCase())) continue
      const sample = await take(sizes)
      samples[name] = [...(samples[name] ?? []), sample]
      console.log(`${measure.name}, round ${round} of ${rounds}, ${name}: ${JSON.stringify(sample)}`)
    }
  }
}
process.exit(0)
