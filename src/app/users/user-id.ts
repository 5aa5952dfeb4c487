/** User ids: whole numbers that a JavaScript number and a SQLite integer both hold exactly. Pure, except for the random number. */

export const userIdMax = Number.MAX_SAFE_INTEGER
export const userIdTakes = `a whole number from 1 to ${userIdMax}`

/** True for a number that may be a user's id. */
export function isUserId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

/** The id that `text` writes in plain digits. `007`, `+7`, `7.0` and `7e0` are no ids, so that one id has one URL. */
export function parseUserId(text: string): number | undefined {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : undefined
  return isUserId(id) ? id : undefined
}

/**
 * An id for a user who did not choose one, from the upper half of the range, which is far from the small numbers that people
 * choose and hardly ever taken. It is no sequence, because a client could end a sequence by choosing the largest id, and because
 * a sequence reveals how many users there are.
 */
export function drawUserId(): number {
  const [high = 0, low = 0] = crypto.getRandomValues(new Uint32Array(2))
  return 2 ** 52 + (high >>> 12) * 2 ** 32 + low
}
