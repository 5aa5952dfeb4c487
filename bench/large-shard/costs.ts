/**
 * Compares a large shard with an empty one: `node --expose-gc costs.ts <folder> <finished> <waiting>`. It is a separate
 * program so that the memory and the garbage of the bench are not measured too.
 */
import { join } from 'node:path'
import { quantile } from '../statistics.ts'
import { fill, Shard } from './shard.ts'

/** Jobs in one enqueue and in one claim. */
const batch = 100
/** The two shards are measured alternately, so that a noisy machine affects both. */
const rounds = 60
const warmUpRounds = 20

const [folder = '', finished, waiting] = process.argv.slice(2)
const file = join(folder, 'large.sqlite')
await fill(file, Number(finished), Number(waiting), false)
const before = heapBytes()
using large = await Shard.open(file)
const largeBytes = heapBytes() - before
using empty = await Shard.open(join(folder, 'empty.sqlite'))

const took = {
  enqueue: { large: [] as number[], empty: [] as number[] },
  claim: { large: [] as number[], empty: [] as number[] },
}
for (let round = 0; round < warmUpRounds + rounds; round++) {
  for (const [name, shard] of Object.entries({ empty, large }) as ['empty' | 'large', Shard][]) {
    const enqueue = shard.enqueue(batch)
    const claim = shard.claim(batch)
    if (round < warmUpRounds) continue
    took.enqueue[name].push(enqueue)
    took.claim[name].push(claim)
  }
}
const ratio = ({ large, empty }: { large: number[]; empty: number[] }) => quantile(large, 0.5) / quantile(empty, 0.5)
const result = {
  enqueue: ratio(took.enqueue),
  claim: ratio(took.claim),
  activation: large.openedMs,
  memory: largeBytes / 2 ** 20,
}
console.log(`RESULT ${JSON.stringify(result)}`)

function heapBytes(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
