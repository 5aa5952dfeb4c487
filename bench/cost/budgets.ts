/**
 * What each shape may cost, for each of its units. A change that raises one fails; one that lowers one should lower it
 * here.
 */
import type { JobCost } from './counts.ts'

export type Budget = Pick<JobCost, 'rowsWritten' | 'requests' | 'queueOperations' | 'gbSeconds'>

export const budgets: Readonly<Record<string, Budget>> = {
  // Six rows and four requests of its own; the rest is its share of the sweeps that take it and its neighbours away.
  plain: { rowsWritten: 6.08, requests: 4.04, queueOperations: 3, gbSeconds: 0.0126 },
  'sign-up': { rowsWritten: 8.1, requests: 5.04, queueOperations: 3, gbSeconds: 0.0138 },
  bulk: { rowsWritten: 4.02, requests: 0.05, queueOperations: 0.02, gbSeconds: 0.0002 },
  'bulk, 200 ms': { rowsWritten: 4.02, requests: 0.21, queueOperations: 0.02, gbSeconds: 0.0003 },
  retry: { rowsWritten: 13.1, requests: 7.7, queueOperations: 6, gbSeconds: 0.0247 },
  scheduled: { rowsWritten: 9.1, requests: 4, queueOperations: 3, gbSeconds: 0.0124 },
  'rate-limited': { rowsWritten: 4.3, requests: 0.41, queueOperations: 0.05, gbSeconds: 0.0007 },
  '5 s': { rowsWritten: 7.2, requests: 5.07, queueOperations: 3, gbSeconds: 0.0139 },
  '10 min': { rowsWritten: 71, requests: 65.4, queueOperations: 3, gbSeconds: 0.09 },
  late: { rowsWritten: 13.1, requests: 10.04, queueOperations: 6, gbSeconds: 0.0276 },
}

/** What is asked of a shape. */
export const levels: Readonly<Record<string, Budget>> = {
  plain: { rowsWritten: 6, requests: 4, queueOperations: 3, gbSeconds: 0.02 },
  bulk: { rowsWritten: 4, requests: 0.1, queueOperations: 0.05, gbSeconds: 0.02 },
}
