/**
 * The bounds on what the engine stores and sends, checked when it comes in, so that a row and a reply always fit.
 * The platform's own limits: https://developers.cloudflare.com/durable-objects/platform/limits/
 */

/** A job's input as JSON. A row of a Durable Object holds 2 MB in all. */
export const inputBytesMax = 512 * 1024
/** A job's output as JSON. */
export const outputBytesMax = 512 * 1024
/** Characters of an error's message, and of its stack; longer ones are cut. */
export const errorCharsMax = 4_096
/** Lines that an attempt may log, and characters of each. Further lines are dropped, and the last line says so. */
export const logLinesMax = 100
export const logCharsMax = 1_000
/** Ended attempts that are kept in a job's history. */
export const historyEntriesMax = 50
/** Characters of history that are kept in a row; the oldest entries are dropped first. */
export const historyCharsMax = 128 * 1024
/** Characters of a progress message. */
export const progressCharsMax = 200

export const taskNameCharsMax = 100
export const idempotencyKeyCharsMax = 512
export const partitionCharsMax = 256
export const tagsMax = 16
export const tagCharsMax = 128
export const priorityMax = 1_000

/** The latest time of anything, in epoch milliseconds: the platform sets no alarm after 2189. */
export const atMax = Date.UTC(2189, 0, 1)

/** Jobs in one `enqueueMany`, and bytes of their inputs together. An RPC carries 32 MiB, at two bytes a character at worst. */
export const batchJobsMax = 10_000
export const batchBytesMax = 12 * 1024 * 1024

/** The longest timeout. A consumer invocation has 15 minutes; one minute stays for claiming and settling. */
export const timeoutMsMax = 14 * 60_000
/** The longest timeout of the background and startNow tiers. The platform cuts work 30 s after the response. */
export const inlineTimeoutMsMax = 25_000

/** The bytes of `text` in UTF-8. Most inputs are short ASCII, and reading those costs less than an encoder. */
export function utf8Bytes(text: string): number {
  return isShortAscii(text) ? text.length : encoder.encode(text).byteLength
}

function isShortAscii(text: string): boolean {
  if (text.length > shortChars) return false
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return false
  return true
}

/** True when `text` is at most `max` bytes of UTF-8. Encodes only when its length does not decide it. */
export function fitsBytes(text: string, max: number): boolean {
  if (text.length * 3 <= max) return true
  return text.length <= max && utf8Bytes(text) <= max
}

const encoder = new TextEncoder()
const shortChars = 256
