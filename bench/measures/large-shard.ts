/**
 * What a shard with a long history and a long queue costs beside an empty one. The costs of its verbs are measured on the
 * core over SQLite in Node, where nothing else is in the way; its activation and its memory on workerd too, in the very
 * Durable Object, whose file was filled while it slept.
 */
import { join } from 'node:path'
import { ChardServer } from '../contenders/chard.ts'
import { finishedJobs, Shard, waitingJobs } from '../large-shard/shard.ts'
import { Group, temporaryFolder } from '../processes.ts'
import { Inspector } from '../profile.ts'
import type { Measure, Sample, Sizes } from './measure.ts'

export const largeShard: Measure = {
  name: 'large-shard',
  title: 'A shard with a million finished and 100,000 waiting jobs',
  about:
    'the time of an enqueue of 100 and of a claim of 100, as a multiple of that in an empty shard; activation after ' +
    'eviction, and the memory of what waits',
  figures: {
    enqueue: { unit: 'x of an empty shard', better: 'less' },
    claim: { unit: 'x of an empty shard', better: 'less' },
    activation: { unit: 'ms', better: 'less' },
    memory: { unit: 'MiB', better: 'less' },
  },
  levels: [
    { figure: 'enqueue', is: 'at most', value: 1.2 },
    { figure: 'claim', is: 'at most', value: 1.2 },
    { figure: 'activation', is: 'at most', value: 250 },
    { figure: 'memory', is: 'at most', value: 64 },
  ],
  contenders: {
    Chard: onCore,
    'Chard, on workerd': onWorkerd,
  },
}

const finishedOf = ({ quick }: Sizes) => (quick ? finishedJobs / 10 : finishedJobs)

async function onCore(sizes: Sizes): Promise<Sample> {
  await using folder = await temporaryFolder()
  const program = join(import.meta.dirname, '../large-shard/costs.ts')
  const args = ['--expose-gc', program, folder.path, String(finishedOf(sizes)), String(waitingJobs)]
  await using group = new Group('the large shard', { program: process.execPath, args })
  return JSON.parse(/^RESULT (.*)$/m.exec(await group.ended())?.[1] ?? '{}') as Sample
}

async function onWorkerd(sizes: Sizes): Promise<Sample> {
  await using server = await ChardServer.start(1)
  await server.client.get('/counts')
  await server.stop()
  await fill(await server.ledgerFile(), finishedOf(sizes))
  await server.restart()
  const emptyBytes = await heapBytes(server)
  const began = performance.now()
  await server.client.get('/counts')
  const activation = performance.now() - began
  return { activation, memory: ((await heapBytes(server)) - emptyBytes) / 2 ** 20 }
}

async function fill(file: string, finished: number): Promise<void> {
  {
    using filling = await Shard.open(file)
    filling.fill(finished, waitingJobs)
    // Halted, it gives out nothing: what is measured stays as it is.
    filling.core.halt(true, Date.now())
  }
  using settling = await Shard.open(file)
  settling.claim(0)
}

/** What the isolate of the Worker and its ledgers still uses after its garbage is collected. */
async function heapBytes({ options }: ChardServer): Promise<number> {
  using inspector = await Inspector.open(options.inspectorPort)
  // A snapshot collects garbage first. To be asked for that alone, workerd does not answer.
  await inspector.call('HeapProfiler.enable')
  await inspector.call('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  return Number((await inspector.call('Runtime.getHeapUsage'))['usedSize'])
}
