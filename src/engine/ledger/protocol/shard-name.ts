/** A shard's Durable Object is reached by name, and the name says which shard it is. */

/** The name of the object that is a shard. */
export function shardName(shard: number): string {
  return `shard-${shard}`
}

/** The shard that an object of this name is. @throws Error when the name is not one of a shard */
export function shardOfName(name: string | undefined): number {
  const digits = /^shard-(\d+)$/.exec(name ?? '')?.[1]
  if (digits !== undefined) return Number(digits)
  throw new Error(`a ledger is reached as shard-<n>, not as ${name ?? 'an object without a name'}`)
}
