/** The trace of a request: its caller's, from the header `traceparent`, or a new one. The jobs that it enqueues carry it. */
import type { MiddlewareHandler } from 'hono'
import { traceIdOf, withTrace } from '../engine/index.ts'

export const traced: MiddlewareHandler = (c, next) => withTrace(traceIdOf(c.req.header('traceparent')), next)
