/** Texts and moments as they come in, with messages that say what is taken. */
import { z } from '@hono/zod-openapi'

/** Says what came and what is taken. The value came from the reader's own request. */
export function takes(what: string) {
  return { error: ({ input }: { input?: unknown }) => `is ${shown(input)}; it takes ${what}` }
}

export function text(charsMax: number) {
  const message = takes(`1 to ${charsMax} characters`)
  return z.string(message).min(1, message).max(charsMax, message)
}

/** The moment that an RFC 3339 text names. */
export const moment = z.iso
  .datetime({ offset: true, ...takes('a time such as 2026-11-22T12:00:00Z') })
  .meta({ format: 'date-time' })
  .transform((text) => new Date(text))

function shown(input: unknown): string | undefined {
  return typeof input === 'object' && input !== null ? 'an object' : JSON.stringify(input)?.slice(0, 100)
}
