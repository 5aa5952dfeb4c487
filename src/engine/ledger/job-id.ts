/**
 * A job's id: `<shard>-<ulid>`. It says where the job lives and roughly when it was made, and 80 random bits make it
 * unguessable, so that a job's URL is a capability. Fresh randomness in every id, never the monotonic variant: one id
 * must not tell another.
 */
import { decodeTime, encodeTime, ulid } from 'ulid'

const pattern = /^(0|[1-9]\d{0,3})-([0-7][0-9A-HJKMNP-TV-Z]{25})$/

/** @param random a source of numbers from 0 up to 1 */
export function newJobId(shard: number, now: number, random: () => number): string {
  return `${shard}-${ulid(now, characters(random))}`
}

/** Each random number is good for eight of an id's sixteen random characters: 40 of the 53 bits it has. */
function characters(random: () => number): () => number {
  let [bits, left] = [0, 0]
  return () => {
    if (left === 0) [bits, left] = [Math.floor(random() * 2 ** 40), 8]
    left--
    const character = bits % 32
    bits = Math.floor(bits / 32)
    return character / 32
  }
}

/** The parts of an id, or undefined when the text is none. */
export function parseJobId(id: string): { shard: number; ulid: string; madeAt: number } | undefined {
  const match = pattern.exec(id)
  if (!match) return undefined
  const made = match[2] as string
  return { shard: Number(match[1]), ulid: made, madeAt: decodeTime(made) }
}

/** The smallest id a job of this shard made at `ms` can have. */
export function jobIdFloor(shard: number, ms: number): string {
  return `${shard}-${encodeTime(Math.max(0, Math.floor(ms)), 10)}${'0'.repeat(16)}`
}

/** The shard that a job's id names. The id is one of ours: `parseJobId` is for those that come from outside. */
export function shardOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')))
}

/** The part of a job's id that sorts by time across shards. */
export function ulidOf(id: string): string {
  return id.slice(id.indexOf('-') + 1)
}

/** The one of two ids that comes first. */
export function lesser(a: string, b: string): string {
  return a < b ? a : b
}
