/**
 * Hono apps over the engine, to mount in any Hono Worker under any prefix. They know no binding of the app.
 * This list is the public surface; nothing else is.
 *
 *     app.route('/jobs', jobStatus(chard))
 *     app.route('/admin', admin(chard, { auth: { token: () => env.ADMIN_TOKEN } }))
 */

// For admins: every job, and the verbs that change them, behind one guard.
export { type AdminOptions, admin } from './admin.ts'
export type { AuditLine } from './audit.ts'
export { type AdminAuth, adminOnly, type Credential, isAdmin } from './auth.ts'
// For a whole app: bounds on requests, and routes that describe themselves.
export { boundedUrl } from './bounds.ts'
export { described, describedApp, idempotencyHeader, json } from './describe.ts'
// What these apps need of an engine.
export type { AdminEngine, JobReader } from './engine.ts'
// Errors as RFC 9457 problems.
export { type ProblemDetails, type ProblemOptions, problem, problemOf, wrongMethod } from './problem.ts'
export { problems } from './schema/problem.ts'
export { sessionCookie } from './session.ts'
// For everybody: the state of one job, for callers that hold its URL.
export { type JobStatusOptions, jobStatus } from './status.ts'
// Traces: every request under one.
export { traced } from './traced.ts'
export type { JobDetail, JobSummary, PublicJob } from './view.ts'
