/**
 * The most that a unit of each shape may cost. A test fails if a change raises a cost above its budget. A change that lowers
 * a cost should lower the budget too.
 */
import type { JobCost } from './counts.ts'

export type Budget = Pick<JobCost, 'rowsWritten' | 'requests' | 'queueOperations' | 'gbSeconds'>

export const budgets: Readonly<Record<string, Budget>> = {
  // Five rows of its own. The rest is its share of the stored counts, written when the watermark or recyclable rows move.
  plain: { rowsWritten: 5.08, requests: 4, queueOperations: 3, gbSeconds: 0.0125 },
  // No later job recycles the job's row or that of the minute stats: both are deleted, and it has its share of the sweeps.
  'plain, then nothing': { rowsWritten: 7.04, requests: 4, queueOperations: 3, gbSeconds: 0.0125 },
  startNow: { rowsWritten: 4.08, requests: 3, queueOperations: 0, gbSeconds: 0.0038 },
  'sign-up': { rowsWritten: 8.1, requests: 5, queueOperations: 3, gbSeconds: 0.0138 },
  bulk: { rowsWritten: 3.01, requests: 0.05, queueOperations: 0.02, gbSeconds: 0.0002 },
  'bulk, 200 ms': { rowsWritten: 3.02, requests: 0.21, queueOperations: 0.02, gbSeconds: 0.0003 },
  retry: { rowsWritten: 12.07, requests: 7.6, queueOperations: 6, gbSeconds: 0.0246 },
  // The schedule is resumed and paused once: a fiftieth of a row and of a request.
  scheduled: { rowsWritten: 8.12, requests: 4.03, queueOperations: 3, gbSeconds: 0.0126 },
  'rate-limited': { rowsWritten: 3.63, requests: 0.35, queueOperations: 0.02, gbSeconds: 0.0005 },
  // The claim moves the alarm: one row more than a plain job, and no request.
  '5 s': { rowsWritten: 6.14, requests: 4, queueOperations: 3, gbSeconds: 0.0125 },
  // Sixty heartbeats.
  '10 min': { rowsWritten: 69, requests: 64, queueOperations: 3, gbSeconds: 0.0876 },
  late: { rowsWritten: 12.07, requests: 10, queueOperations: 6, gbSeconds: 0.0275 },
}

/** The targets of two shapes. */
export const levels: Readonly<Record<string, Budget>> = {
  plain: { rowsWritten: 6, requests: 4, queueOperations: 3, gbSeconds: 0.02 },
  bulk: { rowsWritten: 4, requests: 0.1, queueOperations: 0.05, gbSeconds: 0.02 },
}

/** A long job may add one heartbeat per interval to the requests of a plain job, and no other request. */
export const heartbeatMs = 10_000
/** The shapes of long jobs, and how long each job runs. */
export const longMs: Readonly<Record<string, number>> = { '5 s': 5_000, '10 min': 600_000 }
