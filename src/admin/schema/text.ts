/** Texts and times in requests, with messages that say what is accepted. */
import { z } from '@hono/zod-openapi'

/** Says which value came and what is accepted. The value is from the reader's own request. */
export function takes(what: string) {
  return { error: ({ input }: { input?: unknown }) => `is ${shown(input)}; it takes ${what}` }
}

export function text(charsMax: number) {
  const message = takes(`1 to ${charsMax} characters`)
  return z.string(message).min(1, message).max(charsMax, message)
}

/** A time in RFC 3339. */
export const timestamp = z.iso
  .datetime({ offset: true, ...takes('a time such as 2026-11-22T12:00:00Z') })
  .meta({ format: 'date-time' })
  .transform((text) => new Date(text))

function shown(input: unknown): string | undefined {
  return typeof input === 'object' && input !== null ? 'an object' : JSON.stringify(input)?.slice(0, 100)
}
