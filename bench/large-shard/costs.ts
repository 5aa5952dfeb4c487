/**
 * Measures a large shard beside an empty one, as a program of its own: the bench's other memory and garbage would be
 * measured too. `node --expose-gc costs.ts <folder> <finished> <waiting>`
 */
import { join } from 'node:path'
import { quantile } from '../statistics.ts'
import { batch, Shard } from './shard.ts'

/** Each shard takes turns with the other, so that a noisy machine hits both. */
const turns = 60
const warmUpTurns = 20

const [folder = '', finished = 0, waiting = 0] = process.argv
  .slice(2)
  .map((value, n) => (n === 0 ? value : Number(value)))
const file = join(String(folder), 'large.sqlite')

{
  using filling = await Shard.open(file)
  filling.fill(Number(finished), Number(waiting))
}
{
  // The first activation reads past all that was written behind its back, and then has the mark moved.
  using settling = await Shard.open(file)
  settling.claim(0)
}
const before = heapBytes()
using large = await Shard.open(file)
const heldBytes = heapBytes() - before
using empty = await Shard.open(join(String(folder), 'empty.sqlite'))

const took = {
  enqueue: { large: [] as number[], empty: [] as number[] },
  claim: { large: [] as number[], empty: [] as number[] },
}
for (let turn = 0; turn < warmUpTurns + turns; turn++) {
  for (const [name, shard] of Object.entries({ empty, large }) as ['empty' | 'large', Shard][]) {
    const enqueue = shard.enqueue(batch)
    const claim = shard.claim(batch)
    if (turn < warmUpTurns) continue
    took.enqueue[name].push(enqueue)
    took.claim[name].push(claim)
  }
}
const ratio = ({ large, empty }: { large: number[]; empty: number[] }) => quantile(large, 0.5) / quantile(empty, 0.5)
const result = {
  enqueue: ratio(took.enqueue),
  claim: ratio(took.claim),
  activation: large.openedMs,
  memory: heldBytes / 2 ** 20,
}
console.log(`RESULT ${JSON.stringify(result)}`)

function heapBytes(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}
