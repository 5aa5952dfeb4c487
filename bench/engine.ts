/** Loads the core of a ledger into Node. Node cannot load the engine's sources by itself, so they are bundled first. */
import { join } from 'node:path'
import { build } from 'esbuild'
import type { jobIdFloor, newJobId } from '../src/engine/ledger/domain/job-id.ts'
import type { LedgerCore } from '../src/engine/ledger/host/core.ts'
import type { Sql } from '../src/engine/ledger/storage/sql.ts'
import type { CoreOptions, TaskPolicy } from '../src/engine/ledger/transaction/context.ts'
import type { defaultRetryPolicy } from '../src/engine/task/retry.ts'

/** The parts of the engine that are measured. */
export interface Engine {
  readonly LedgerCore: typeof LedgerCore
  readonly defaultRetryPolicy: typeof defaultRetryPolicy
  readonly jobIdFloor: typeof jobIdFloor
  readonly newJobId: typeof newJobId
}

const bundle = join(import.meta.dirname, '../node_modules/.cache/bench/ledger.mjs')
const sources = `
  export { jobIdFloor, newJobId } from './ledger/domain/job-id.ts'
  export { LedgerCore } from './ledger/host/core.ts'
  export { defaultRetryPolicy } from './task/retry.ts'`

/** Bundles the engine as it is now, and loads it. */
export async function loadEngine(): Promise<Engine> {
  await build({
    stdin: { contents: sources, resolveDir: join(import.meta.dirname, '../src/engine') },
    bundle: true,
    format: 'esm',
    platform: 'node',
    outfile: bundle,
  })
  return import(bundle)
}

/** The options of shard 0, with the sizes and the retention of production. All tasks have the same policy. */
export function coreOptions(sql: Sql, policy: TaskPolicy): CoreOptions {
  return {
    shard: 0,
    sql,
    setAlarm() {},
    random: Math.random,
    policy: () => policy,
    retentionMs: 7 * 86_400_000,
    historyBytesMax: 2 ** 32,
  }
}
