/**
 * What each shape may cost, for each of its units. A change that raises one fails; one that lowers one should lower it
 * here.
 */
import type { JobCost } from './counts.ts'

export type Budget = Pick<JobCost, 'rowsWritten' | 'requests' | 'queueOperations' | 'gbSeconds'>

export const budgets: Readonly<Record<string, Budget>> = {
  // Five rows of its own; the rest is its share of the stored counts, which the mark and the tail take along.
  plain: { rowsWritten: 5.08, requests: 4, queueOperations: 3, gbSeconds: 0.0125 },
  // Nothing comes to take the rows over, of jobs and of minutes: two to remove, and a share of the sweeps.
  'plain, then nothing': { rowsWritten: 7.04, requests: 4, queueOperations: 3, gbSeconds: 0.0125 },
  startNow: { rowsWritten: 4.08, requests: 3, queueOperations: 0, gbSeconds: 0.0038 },
  'sign-up': { rowsWritten: 8.1, requests: 5, queueOperations: 3, gbSeconds: 0.0138 },
  bulk: { rowsWritten: 3.01, requests: 0.05, queueOperations: 0.02, gbSeconds: 0.0002 },
  'bulk, 200 ms': { rowsWritten: 3.02, requests: 0.21, queueOperations: 0.02, gbSeconds: 0.0003 },
  retry: { rowsWritten: 12.07, requests: 7.6, queueOperations: 6, gbSeconds: 0.0246 },
  // People pause and resume it once each: a fiftieth of a row and of a request.
  scheduled: { rowsWritten: 8.12, requests: 4.03, queueOperations: 3, gbSeconds: 0.0126 },
  'rate-limited': { rowsWritten: 3.63, requests: 0.35, queueOperations: 0.02, gbSeconds: 0.0005 },
  // Its alarm is put off by the claim: a row more than a plain job's, and no request.
  '5 s': { rowsWritten: 6.14, requests: 4, queueOperations: 3, gbSeconds: 0.0125 },
  // Sixty beats.
  '10 min': { rowsWritten: 69, requests: 64, queueOperations: 3, gbSeconds: 0.0876 },
  late: { rowsWritten: 12.07, requests: 10, queueOperations: 6, gbSeconds: 0.0275 },
}

/** What is asked of a shape. */
export const levels: Readonly<Record<string, Budget>> = {
  plain: { rowsWritten: 6, requests: 4, queueOperations: 3, gbSeconds: 0.02 },
  bulk: { rowsWritten: 4, requests: 0.1, queueOperations: 0.05, gbSeconds: 0.02 },
}

/** A beat for each so many milliseconds that a job runs is all that it may add to a plain one's requests. */
export const heartbeatMs = 10_000
/** The shapes of long jobs, and how long each runs. */
export const longMs: Readonly<Record<string, number>> = { '5 s': 5_000, '10 min': 600_000 }
