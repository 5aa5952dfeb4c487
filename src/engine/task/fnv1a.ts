/**
 * FNV-1a in 32 bits, over the UTF-8 of a text. The same text has the same hash for ever, so that it can say where something
 * is kept. http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

const encoder = new TextEncoder()
