/**
 * Compares a shard that has a long history and a long queue with an empty one. The verbs are measured on the ledger's core
 * over SQLite in Node, without a runtime or network. Activation and memory are measured on workerd too, in the Durable
 * Object itself, whose file is filled while the server is stopped.
 */
import { join } from 'node:path'
import { ChardServer } from '../contenders/chard.ts'
import { Group, temporaryFolder } from '../processes.ts'
import { Inspector } from '../profile.ts'
import type { Measure, Sample, Sizes } from './measure.ts'

export const largeShard: Measure = {
  name: 'large-shard',
  title: 'A shard with a million finished and 100,000 waiting jobs',
  about:
    'The time to enqueue 100 jobs and to claim 100 jobs, as a multiple of the time in an empty shard; the time to ' +
    'activate the ledger after an eviction; and the memory that the waiting jobs take',
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

const finishedJobs = 1_000_000
const waitingJobs = 100_000
const finishedOf = ({ quick }: Sizes) => (quick ? finishedJobs / 10 : finishedJobs)

async function onCore(sizes: Sizes): Promise<Sample> {
  await using folder = await temporaryFolder()
  const output = await runProgram('costs.ts', folder.path, sizes)
  return JSON.parse(/^RESULT (.*)$/m.exec(output)?.[1] ?? '{}') as Sample
}

async function onWorkerd(sizes: Sizes): Promise<Sample> {
  await using server = await ChardServer.start(1)
  await server.client.get('/counts')
  await server.stop()
  await runProgram('fill.ts', await server.ledgerFile(), sizes)
  await server.restart()
  const emptyBytes = await heapBytes(server)
  const began = performance.now()
  await server.client.get('/counts')
  const activation = performance.now() - began
  return { activation, memory: ((await heapBytes(server)) - emptyBytes) / 2 ** 20 }
}

/** Runs a program of `bench/large-shard` on a path, and returns its output. */
async function runProgram(name: string, path: string, sizes: Sizes): Promise<string> {
  const program = join(import.meta.dirname, '../large-shard', name)
  const args = ['--expose-gc', program, path, String(finishedOf(sizes)), String(waitingJobs)]
  await using group = new Group(`large-shard/${name}`, { program: process.execPath, args })
  return await group.ended()
}

/** The heap that the isolate of the Worker and its ledgers uses after a garbage collection. */
async function heapBytes({ options }: ChardServer): Promise<number> {
  using inspector = await Inspector.open(options.inspectorPort)
  // A snapshot collects garbage first. workerd does not answer the call that only collects garbage.
  await inspector.call('HeapProfiler.enable')
  await inspector.call('HeapProfiler.takeHeapSnapshot', { reportProgress: false })
  return Number((await inspector.call('Runtime.getHeapUsage'))['usedSize'])
}
