/** Writes about an attempt that do not ask whether its lease is still the one (I2). */
import type { Mutant } from '../mutant.ts'

export const fences: readonly Mutant[] = [
  {
    name: 'no fence on success',
    breaks: ['I2'],
    seen: 'ZinTrust queue-cloudflare and most of the six: a late worker overwrites the newer attempt (prior art 0e, 2.8).',
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
    seen: 'langfuse#16251: the success path was fenced and the error path was not (prior art 3.5).',
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
    name: 'progress is unfenced',
    breaks: ['I2'],
    seen: 'kiribi and ZinTrust update by id alone: what a lost runner still says is written over the new one (prior art 2.7, 2.8).',
    edits: [
      { in: 'beat', find: 'running.get(id)?.lease === lease', replace: 'running.has(id)' },
      { in: 'beat', find: '&& leaseIsLive(row, lease)', replace: '' },
    ],
  },
  {
    name: 'a settlement is judged by the clock',
    breaks: ['I2'],
    seen: 'clevis#215 and the stale-job sweeps: work that ended well a moment late is thrown away and done again (prior art 3.5).',
    edits: [
      {
        in: 'commands/settle',
        find: 'leaseIsLive(row, settlement.lease)',
        replace: 'leaseIsLive(row, settlement.lease) && (row.leaseUntil ?? 0) > turn.now',
      },
    ],
  },
  {
    name: 'an attempt outlives its lease',
    breaks: ['I2'],
    seen: 'novu#11094: the lease was shorter than the job and nobody stopped the job, so it ran twice at once (prior art 3.5).',
    among: 'silence',
    edits: [
      { in: 'Runner.#stopStale', body: '' },
      { in: 'Runner.#staleInMs', returns: 'Number.POSITIVE_INFINITY' },
    ],
  },
  {
    name: 'a redrive keeps the old lease',
    breaks: ['I2', 'I3'],
    // The end of a job kills its lease, and so does a redrive: one covers for the other, so both are missing here.
    seen: 'Asked for by prior art 6.14 (redrive and cancel fenced): the run of before the redrive settles the one after it.',
    edits: [
      { in: 'final', find: 'leaseUntil: null', replace: 'leaseUntil: row.leaseUntil' },
      { in: 'redriven', find: 'leaseUntil: null', replace: 'leaseUntil: row.leaseUntil' },
    ],
  },
]
