/**
 * Error answers: RFC 9457 `application/problem+json`, with a stable `code` to match on. The engine decides what went wrong, and
 * this file expresses it in HTTP. The cause of a 5xx goes to the log and never into the answer.
 * https://www.rfc-editor.org/rfc/rfc9457
 */
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { ChardError, type ChardErrorCode, type InputIssue } from '../engine/index.ts'

/** The media type of every error answer. */
export const problemType = 'application/problem+json'

/** The JSON of a problem. With `about:blank`, `title` is the phrase of the status, and `code` says which problem it is. */
export interface ProblemDetails {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  /** Where the input is wrong: one entry for each finding. */
  readonly errors?: readonly InputIssue[]
}

export interface ProblemOptions {
  /** Headers of the answer, such as `Retry-After`, `Allow` or `WWW-Authenticate`. */
  readonly headers?: HeadersInit
  readonly errors?: readonly InputIssue[]
}

/**
 * A problem as a response. It is not cached; by default a `404` or a `410` would be.
 *
 * @param code stable and lower-case, such as `duplicate-user`
 * @param detail a sentence for the person who sent the request: what to change
 */
export function problem(status: number, code: string, detail: string, options: ProblemOptions = {}): Response {
  const { errors } = options
  const title = titles[status] ?? 'Error'
  const body: ProblemDetails = { type: 'about:blank', title, status, code, detail, ...(errors && { errors }) }
  const headers = new Headers(options.headers)
  headers.set('Content-Type', problemType)
  if (!headers.has('Cache-Control')) headers.set('Cache-Control', 'no-store')
  return new Response(JSON.stringify(body), { status, headers })
}

/** Ends a request with a problem, where no response can be returned. */
export function refuse(...args: Parameters<typeof problem>): never {
  return refuseWith(problem(...args))
}

export function refuseWith(res: Response): never {
  throw new HTTPException(res.status as ContentfulStatusCode, { res })
}

/** Any thrown value as a response, for `app.onError(problemOf)`. It logs the cause of a 5xx. */
export function problemOf(error: unknown): Response {
  const response = mapped(error)
  if (response.status >= 500) console.error(error)
  return response
}

/** The answer for a path that exists, but not with this method, for Hono's `methodNotAllowed`. */
export function wrongMethod(_: Context, methods: readonly string[]): Response {
  const allow = methods.join(', ')
  return problem(405, 'method-not-allowed', `This path takes ${allow}.`, { headers: { Allow: allow } })
}

function mapped(error: unknown): Response {
  if (error instanceof ChardError) return fromEngine(error)
  if (error instanceof HTTPException) return fromHono(error)
  return problem(500, 'internal-error', internalDetail)
}

const internalDetail = 'Something went wrong here. It is in the log.'
const setUpDetail = 'This service is not configured correctly; its log says what to change.'

interface Mapping {
  readonly status: number
  /** Replaces the engine's message where that could reveal internals. Required for a 5xx. */
  readonly detail?: string
  readonly retryAfterSeconds?: number
}

/** The HTTP status of each code of the engine. */
const mappings: Readonly<Record<ChardErrorCode, Mapping>> = {
  'invalid-option': { status: 422 },
  'invalid-input': { status: 422 },
  'too-large': { status: 413 },
  'unknown-task': { status: 404 },
  'unknown-job': { status: 404 },
  // A job's id is part of a URL, and a malformed one names nothing.
  'invalid-id': { status: 404 },
  gone: { status: 410 },
  'key-conflict': { status: 409 },
  'wrong-state': { status: 409 },
  draining: {
    status: 503,
    detail: 'New work of this kind is not accepted at the moment. Try again later.',
    retryAfterSeconds: 60,
  },
  'unknown-schedule': { status: 404 },
  'unknown-bulk': { status: 404 },
  // Mistakes of the deployment and not of the caller.
  'too-long': { status: 500, detail: setUpDetail },
  'home-shards-mismatch': { status: 500, detail: setUpDetail },
  'missing-binding': { status: 500, detail: setUpDetail },
  'job-failed': { status: 500, detail: 'The work that this answer needs did not succeed.' },
  'wait-timeout': { status: 504, detail: 'The work is not done yet and goes on. Look at its job later.' },
  unavailable: {
    status: 503,
    detail: 'The jobs could not be reached in time. The request may have taken effect: repeat it.',
    retryAfterSeconds: 2,
  },
}

function fromEngine(error: ChardError): Response {
  const { status, detail = error.message, retryAfterSeconds } = mappings[error.code]
  return problem(status, error.code, detail, {
    ...(error.issues && { errors: error.issues }),
    ...(retryAfterSeconds && { headers: { 'Retry-After': String(retryAfterSeconds) } }),
  })
}

/** What Hono's own middleware throws. Its headers are kept, because some statuses need them, such as `WWW-Authenticate`. */
function fromHono(error: HTTPException): Response {
  if (error.res?.headers.get('Content-Type') === problemType) return error.res
  const title = titles[error.status] ?? 'Error'
  const headers = new Headers(error.res?.headers)
  headers.delete('Content-Length')
  const detail = error.status < 500 ? error.message || `${title}.` : internalDetail
  return problem(error.status, title.toLowerCase().replaceAll(' ', '-'), detail, { headers })
}

/** Reason phrases of RFC 9110, 6585. */
const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  411: 'Length Required',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
}
