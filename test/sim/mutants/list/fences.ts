/** Writes about an attempt that do not ask whether its lease is still the one (I2). */
import type { Mutant } from '../mutant.ts'

/** The fence of a settlement: two lines that belong together. */
const fence = `    if (!row || row.lease !== settlement.lease) lost.push(id)
    else if (leaseIsLive(row, settlement.lease)) {`

export const fences: readonly Mutant[] = [
  {
    name: 'no fence on success',
    breaks: ['I2'],
    seen: 'ZinTrust queue-cloudflare and most of the six: a late worker overwrites the newer attempt (prior art 0e, 2.8).',
    edits: [
      {
        file: 'ledger/commands/settle.ts',
        find: fence,
        replace: `    const isDone = settlement.outcome.kind === 'completed'
    if (!row || (row.lease !== settlement.lease && !isDone)) lost.push(id)
    else if (isDone || leaseIsLive(row, settlement.lease)) {`,
      },
    ],
  },
  {
    name: 'no fence on failure',
    breaks: ['I2'],
    seen: 'langfuse#16251: the success path was fenced and the error path was not (prior art 3.5).',
    edits: [
      {
        file: 'ledger/commands/settle.ts',
        find: fence,
        replace: `    const isDone = settlement.outcome.kind === 'completed'
    if (!row || (row.lease !== settlement.lease && isDone)) lost.push(id)
    else if (!isDone || leaseIsLive(row, settlement.lease)) {`,
      },
    ],
  },
  {
    name: 'progress is unfenced',
    breaks: ['I2'],
    seen: 'kiribi and ZinTrust update by id alone: what a lost runner still says is written over the new one (prior art 2.7, 2.8).',
    edits: [
      {
        file: 'ledger/commands/sync.ts',
        find: 'const isLive = ({ id, lease }: Beat) => running.get(id)?.lease === lease',
        replace: 'const isLive = ({ id }: Beat) => running.has(id)',
      },
      {
        file: 'ledger/commands/sync.ts',
        find: `if (row?.state === 'running' && leaseIsLive(row, lease))`,
        replace: `if (row?.state === 'running' && lease)`,
      },
    ],
  },
  {
    name: 'a settlement is judged by the clock',
    breaks: ['I2'],
    seen: 'clevis#215 and the stale-job sweeps: work that ended well a moment late is thrown away and done again (prior art 3.5).',
    edits: [
      {
        file: 'ledger/commands/settle.ts',
        find: 'else if (leaseIsLive(row, settlement.lease)) {',
        replace: 'else if (leaseIsLive(row, settlement.lease) && (row.leaseUntil ?? 0) > turn.now) {',
      },
    ],
  },
  {
    name: 'an attempt outlives its lease',
    breaks: ['I2'],
    seen: 'novu#11094: the lease was shorter than the job and nobody stopped the job, so it ran twice at once (prior art 3.5).',
    among: 'silence',
    edits: [
      {
        file: 'runner/runner.ts',
        find: `if (goodUntil <= now) attempt.stop('lost')`,
        replace: `if (goodUntil <= 0 && goodUntil < now) attempt.stop('lost')`,
      },
      {
        // Nor does it wait for a moment at which nothing happens.
        file: 'runner/runner.ts',
        find: 'return Math.min(...ends) - this.#ports.platform.now()',
        replace: 'return ends.length < 0 ? 0 : Number.POSITIVE_INFINITY',
      },
    ],
  },
  {
    name: 'a redrive keeps the old lease',
    breaks: ['I2', 'I3'],
    // The end of a job kills its lease, and so does a redrive: one covers for the other, so both are missing here.
    seen: 'Asked for by prior art 6.14 (redrive and cancel fenced): the run of before the redrive settles the one after it.',
    edits: [
      {
        file: 'ledger/domain/transitions.ts',
        find: `return { ...row, state, reason, dueAt: null, finishedAt: now, leaseUntil: null, cancelling: 0 }`,
        replace: `return { ...row, state, reason, dueAt: null, finishedAt: now, cancelling: 0 }`,
      },
      {
        file: 'ledger/domain/transitions.ts',
        find: `    finishedAt: null,
    leaseUntil: null,
    after: null,`,
        replace: `    finishedAt: null,
    after: null,`,
      },
    ],
  },
]
