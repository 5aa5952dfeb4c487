/**
 * The `wait` preference of RFC 7240, `Prefer: wait=10`: how long the client would rather wait than ask again.
 * A preference is no demand: whatever cannot be understood is as if it were not there.
 */

/** Splits at commas outside quotes. The alternatives start with different characters, so it runs in linear time. */
const preferences = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g

/**
 * Seconds to wait, at most `secondsMax`; undefined when the header asks for none.
 *
 * @param header the header's value; repeated headers arrive joined by commas
 */
export function waitSeconds(header: string | undefined, secondsMax: number): number | undefined {
  // The first one counts, even when it is malformed: a later one is to be ignored.
  const wait = header?.match(preferences)?.find((preference) => /^\s*wait\s*(?:[=;]|$)/i.test(preference))
  const digits = wait && /^\s*wait\s*=\s*(?:"(\d+)"|(\d+))\s*(?:;|$)/i.exec(wait)
  if (!digits) return undefined
  return Math.min(Number(digits[1] ?? digits[2]), secondsMax) || undefined
}
