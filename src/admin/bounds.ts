/** Bounds on what is read of a request at all, before anything looks into it. */
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { problem } from './problem.ts'

/** Many times what any filter and cursor need. */
const urlCharsMax = 8 * 1024
/** A job's input is 512 KiB of JSON at most; the rest is room for its options, and for spaces. */
const bodyBytesMax = 1024 * 1024

export const boundedUrl: MiddlewareHandler = async ({ req }, next) => {
  if (req.url.length <= urlCharsMax) return next()
  return problem(414, 'uri-too-long', `The URL is over ${urlCharsMax} characters.`)
}

export const boundedBody: MiddlewareHandler = bodyLimit({
  maxSize: bodyBytesMax,
  onError: () => problem(413, 'too-large', `The body is over ${bodyBytesMax / 1024} KiB.`),
})
