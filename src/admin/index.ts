/**
 * Mountable Hono apps over the engine, for any Hono Worker under any prefix. They know no binding of the app.
 * This list is the public surface; nothing else is.
 *
 *     app.route('/jobs', jobStatus(chard))
 *     app.route('/admin', admin(chard, { auth: { token: () => env.ADMIN_TOKEN } }))
 */

// For admins: every job, and the verbs that steer them, behind one guard.
export { type AdminOptions, admin } from './admin.ts'
export type { AuditLine } from './audit.ts'
export { type AdminAuth, adminOnly, isAdmin } from './auth.ts'
// Errors as RFC 9457 problems: one shape for every edge.
export { type ProblemDetails, type ProblemOptions, problem, problemOf, wrongMethod } from './problem.ts'
// For everybody: the state of one job, to whoever holds its URL.
export { type JobReader, type JobStatusOptions, jobStatus } from './status.ts'
export type { PublicJob } from './view.ts'
