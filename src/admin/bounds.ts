/** Bounds on the size of a request, checked before anything reads it. */
import type { MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { problem } from './problem.ts'

/** Many times more than the longest filter and cursor need. */
const urlCharsMax = 8 * 1024
/** A job's input is 512 KiB of JSON at most. The rest is for its options and for white space. */
const bodyBytesMax = 1024 * 1024

export const boundedUrl: MiddlewareHandler = async ({ req }, next) => {
  if (req.url.length <= urlCharsMax) return next()
  return problem(414, 'uri-too-long', `The URL is over ${urlCharsMax} characters.`)
}

export const boundedBody: MiddlewareHandler = bodyLimit({
  maxSize: bodyBytesMax,
  onError: () => problem(413, 'too-large', `The body is over ${bodyBytesMax / 1024} KiB.`),
})
