/**
 * The `wait` preference of RFC 7240, `Prefer: wait=10`: how many seconds the client would wait for the answer. A preference
 * that cannot be parsed is ignored. https://www.rfc-editor.org/rfc/rfc7240
 */

/** Splits at commas outside of quotes. The alternatives begin with different characters, so it runs in linear time. */
const preferences = /(?:[^,"]|"(?:[^"\\]|\\.)*"?)+/g

/**
 * The seconds to wait, at most `secondsMax`; undefined when the header asks for none.
 *
 * @param header the header's value; repeated headers arrive joined by commas
 */
export function waitSeconds(header: string | undefined, secondsMax: number): number | undefined {
  // The first one counts, even when it is malformed, because later ones must be ignored.
  const wait = header?.match(preferences)?.find((preference) => /^\s*wait\s*(?:[=;]|$)/i.test(preference))
  const digits = wait && /^\s*wait\s*=\s*(?:"(\d+)"|(\d+))\s*(?:;|$)/i.exec(wait)
  if (!digits) return undefined
  return Math.min(Number(digits[1] ?? digits[2]), secondsMax) || undefined
}
