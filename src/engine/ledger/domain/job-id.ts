/**
 * A job's id: `<shard>-<ulid>`. It says where the job lives and roughly when it was made, and 80 random bits make it unguessable,
 * so that a job's URL is a capability. Every id has fresh randomness and is never of the monotonic variant: one id must not give
 * away another.
 */
import { decodeTime, encodeTime } from 'ulid'

/** Crockford's base 32, as ULIDs use it: https://github.com/ulid/spec */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const pattern = /^(0|[1-9]\d{0,3})-([0-7][0-9A-HJKMNP-TV-Z]{25})$/

/** @param random a source of numbers from 0 up to 1 */
export function newJobId(shard: number, now: number, random: () => number): string {
  const last = eightCharacters(random)
  return `${shard}-${encodeTime(now, 10)}${eightCharacters(random)}${last}`
}

/** Half of an id's random characters: 40 of the 53 bits that a random number has. */
function eightCharacters(random: () => number): string {
  const number = Math.floor(random() * 2 ** 40)
  return fourCharacters(Math.floor(number / 2 ** 20)) + fourCharacters(number % 2 ** 20)
}

function fourCharacters(bits: number): string {
  return [15, 10, 5, 0].reduce((text, shift) => text + alphabet[(bits >> shift) & 31], '')
}

/** The parts of an id; undefined when the text is not an id. */
export function parseJobId(id: string): { shard: number; ulid: string; madeAt: number } | undefined {
  const match = pattern.exec(id)
  if (!match) return undefined
  const made = match[2] as string
  return { shard: Number(match[1]), ulid: made, madeAt: decodeTime(made) }
}

/** The smallest id that a job of this shard, made at `ms`, can have. */
export function jobIdFloor(shard: number, ms: number): string {
  return `${shard}-${encodeTime(Math.max(0, Math.floor(ms)), 10)}${'0'.repeat(16)}`
}

/** The shard that a job's id names. For ids of the engine's own; `parseJobId` is for ids from outside. */
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

/** Clocks of isolates differ. An id may arrive this long after the time that it names. */
export const idLateMsMax = 10_000
/** And an id may name a time that is this much ahead of the ledger's. */
export const idAheadMsMax = 60_000
