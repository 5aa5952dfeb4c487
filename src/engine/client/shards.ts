/**
 * Where a job lives. One whose task is limited as a whole lives where its task hashes, one with a partition where its
 * partition does, one with a key where its key does: among the home shards, which never change in number. A plain one
 * may live on any shard of the spread, which may grow at any time.
 */
import { isWholeLimited } from '../task/limits.ts'
import type { Platform } from '../task/platform.ts'
import type { TaskDefinition } from '../task/task.ts'

/** For how long, and how many jobs, an isolate keeps to one shard: neighbours in time share transactions and runners. */
const stickMs = 1_000
const stickJobs = 1_000

/** The home shard of a key. FNV-1a, 32 bits: stable for ever, for keys are looked for by it. */
export function homeOf(key: string, homeShards: number): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash % homeShards
}

/** The home shard of a job; undefined for a plain one, which may live anywhere. */
export function homeOfJob(
  { name, limits }: Pick<TaskDefinition, 'name' | 'limits'>,
  { partition, key }: { readonly partition: string | undefined; readonly key: string | undefined },
  homeShards: number,
): number | undefined {
  if (isWholeLimited(limits)) return homeOf(name, homeShards)
  const within = partition ?? key
  return within === undefined ? undefined : homeOf(`${name} ${within}`, homeShards)
}

/** Picks shards for plain jobs. */
export class Spread {
  #shard = 0
  #until = 0
  #left = 0

  constructor(
    private readonly count: number,
    private readonly platform: Pick<Platform, 'now' | 'random'>,
  ) {}

  next(): number {
    const now = this.platform.now()
    if (now >= this.#until || this.#left <= 0) {
      this.#shard = Math.floor(this.platform.random() * this.count)
      this.#until = now + stickMs
      this.#left = stickJobs
    }
    this.#left--
    return this.#shard
  }
}
