/**
 * Every bound of the engine in one place, checked at the door so that a row and a reply always fit.
 * The platform's own limits: https://developers.cloudflare.com/durable-objects/platform/limits/
 */

/** A job's input as JSON. A row or string of a Durable Object holds 2 MB in all. */
export const inputBytesMax = 512 * 1024
/** A job's output as JSON. */
export const outputBytesMax = 512 * 1024
/** An error's message, and its stack, each in characters; longer ones are cut. */
export const errorCharsMax = 4_096
/** Lines an attempt may log, and the characters of each; further ones are dropped, and the last line says so. */
export const logLinesMax = 100
export const logCharsMax = 1_000
/** Ended attempts kept in a job's history. */
export const historyEntriesMax = 50
/** Characters of history kept in a row; the oldest entries go first. */
export const historyCharsMax = 128 * 1024
/** Characters of a progress message. */
export const progressCharsMax = 200

export const taskNameCharsMax = 100
export const idempotencyKeyCharsMax = 512
export const partitionCharsMax = 256
export const tagsMax = 16
export const tagCharsMax = 128
export const priorityMax = 1_000

/** The platform sets no alarm after 2189. */
export const atMax = Date.UTC(2189, 0, 1)

/** Jobs in one `enqueueMany`, and the bytes of their inputs together. An RPC carries 32 MiB, in two bytes a character at worst. */
export const batchJobsMax = 10_000
export const batchBytesMax = 12 * 1024 * 1024

/** A consumer invocation has 15 minutes of wall time; a minute stays for claiming and settling. */
export const timeoutMsMax = 14 * 60_000
/** Work after a response is cut after 30 s. A task of the background and startNow tiers must fit well inside. */
export const inlineTimeoutMsMax = 25_000

/** The bytes of `text` in UTF-8. Most inputs are short and plain, and an encoder costs more than to look at those. */
export function utf8Bytes(text: string): number {
  return isShortAscii(text) ? text.length : encoder.encode(text).byteLength
}

function isShortAscii(text: string): boolean {
  if (text.length > shortChars) return false
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false
  return true
}

/** True when `text` is at most `max` bytes of UTF-8. Encodes only when its length leaves that open. */
export function fitsBytes(text: string, max: number): boolean {
  if (text.length * 3 <= max) return true
  return text.length <= max && utf8Bytes(text) <= max
}

const encoder = new TextEncoder()
const shortChars = 256
