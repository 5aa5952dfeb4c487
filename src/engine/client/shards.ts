/**
 * On which shard a job is. A job whose task is limited as a whole is on the shard that its task's name hashes to; a job
 * with a partition, or else with a key, is on the one that this hashes to. All of those are home shards, whose number
 * never changes. A plain job may be on any shard in use, and the shards in use may grow in number at any time.
 */
import { fnv1a } from '../task/fnv1a.ts'
import { isWholeLimited } from '../task/limits.ts'
import type { Platform } from '../task/platform.ts'
import type { TaskDefinition } from '../task/task.ts'

/** How long, and for how many jobs, an isolate stays with one shard, so that they share transactions and runners. */
const stickMs = 1_000
const stickJobs = 1_000

/** The home shard of a key. Must never change: a recorded key is looked for where this says. */
export function homeShardOf(key: string, homeShards: number): number {
  return fnv1a(key) % homeShards
}

/** The home shard of a job; undefined for a plain job, which may be on any shard in use. */
export function homeShardOfJob(
  { name, limits }: Pick<TaskDefinition, 'name' | 'limits'>,
  { partition, key }: { readonly partition: string | undefined; readonly key: string | undefined },
  homeShards: number,
): number | undefined {
  if (isWholeLimited(limits)) return homeShardOf(name, homeShards)
  const within = partition ?? key
  return within === undefined ? undefined : homeShardOf(`${name} ${within}`, homeShards)
}

/** Picks shards for plain jobs. */
export class ShardPicker {
  #shard = 0
  #until = 0
  #left = 0

  constructor(
    private readonly count: number,
    private readonly platform: Pick<Platform, 'now' | 'random'>,
  ) {}

  /** The shard of the next plain job. */
  pick(): number {
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
