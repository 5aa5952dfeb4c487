/** Writes about an attempt that do not check whether its lease is still the current one (I2). */
import type { Mutant } from '../mutant.ts'

export const fences: readonly Mutant[] = [
  {
    name: 'no fence on success',
    breaks: ['I2'],
    seen: 'ZinTrust queue-cloudflare and most libraries like it: a late worker overwrites the newer attempt.',
    edits: [
      {
        in: 'commands/settle',
        find: 'row.lease !== settlement.lease',
        replace: "row.lease !== settlement.lease && settlement.outcome.kind !== 'completed'",
      },
      {
        in: 'commands/settle',
        find: 'leaseIsLive(row, settlement.lease)',
        replace: "settlement.outcome.kind === 'completed' || leaseIsLive(row, settlement.lease)",
      },
    ],
  },
  {
    name: 'no fence on failure',
    breaks: ['I2'],
    seen: 'langfuse#16251: the success path was fenced and the error path was not.',
    edits: [
      {
        in: 'commands/settle',
        find: 'row.lease !== settlement.lease',
        replace: "row.lease !== settlement.lease && settlement.outcome.kind === 'completed'",
      },
      {
        in: 'commands/settle',
        find: 'leaseIsLive(row, settlement.lease)',
        replace: "settlement.outcome.kind !== 'completed' || leaseIsLive(row, settlement.lease)",
      },
    ],
  },
  {
    name: 'progress is not fenced',
    breaks: ['I2'],
    seen: 'kiribi and ZinTrust update by id alone: what a runner reports after it lost the job overwrites the new attempt.',
    edits: [
      { in: 'recordHeartbeats', find: 'running.get(id)?.lease === lease', replace: 'running.has(id)' },
      { in: 'recordHeartbeats', find: '&& leaseIsLive(row, lease)', replace: '' },
    ],
  },
  {
    name: 'a settlement is judged by the clock',
    breaks: ['I2'],
    seen: 'clevis#215 and sweeps for stale jobs: work that ended well a moment late is thrown away and done again.',
    edits: [
      {
        in: 'commands/settle',
        find: 'leaseIsLive(row, settlement.lease)',
        replace: 'leaseIsLive(row, settlement.lease) && (row.leaseUntil ?? 0) > tx.now',
      },
    ],
  },
  {
    name: 'an attempt outlives its lease',
    breaks: ['I2'],
    seen: 'novu#11094: the lease was shorter than the job and nothing stopped the job, so it ran twice at once.',
    among: 'silence',
    edits: [
      { in: 'HeldAttempts.stopStale', body: '' },
      // Nor does the runner wake up when a lease ends.
      { in: 'HeldAttempts.staleInMs', returns: 'Number.POSITIVE_INFINITY' },
    ],
  },
  {
    name: 'a redrive keeps the old lease',
    breaks: ['I2', 'I3'],
    // Both the end of a job and a redrive end its lease. One covers for the other, so both are missing here.
    seen: 'Asked for by the design, which fences redrives and cancellations: an attempt from before the redrive settles the job after it.',
    edits: [
      { in: 'final', find: 'leaseUntil: null', replace: 'leaseUntil: row.leaseUntil' },
      { in: 'redriven', find: 'leaseUntil: null', replace: 'leaseUntil: row.leaseUntil' },
    ],
  },
]
