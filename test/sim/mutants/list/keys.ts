/** Uniqueness: who holds a key, and whose input is run (I5). */
import type { Mutant } from '../mutant.ts'

export const keys: readonly Mutant[] = [
  {
    name: 'a running job does not hold its key',
    breaks: ['I5'],
    seen: 'Uniqueness that looks at what waits alone: the second one runs beside the first (Oban: `states` without `executing`).',
    edits: [
      {
        file: 'ledger/domain/unique.ts',
        find: `if (rule.kind === 'finished') return isCancelling ?`,
        replace: `if (rule.kind === 'finished' && holder.state === 'running') return { do: 'new', notBefore: now }
  if (rule.kind === 'finished') return isCancelling ?`,
      },
    ],
  },
  {
    name: 'a debounce ignores its maximum wait',
    breaks: ['I5'],
    seen: 'Calls that never rest put it off for ever: an index that is updated all day is never written.',
    edits: [
      {
        file: 'ledger/domain/unique.ts',
        find: 'maxWaitMs === undefined ? Number.POSITIVE_INFINITY : holder.createdAt + maxWaitMs',
        replace: 'maxWaitMs === -1 ? holder.createdAt : Number.POSITIVE_INFINITY',
      },
    ],
  },
  {
    name: 'a throttle forgets the last start',
    breaks: ['I5'],
    seen: 'Debounce sold as throttle: once the job has ended, the next one starts at once.',
    edits: [
      {
        file: 'ledger/domain/unique.ts',
        find: `if (rule.kind === 'throttle' && lastStartAt !== null)`,
        replace: `if (rule.kind === 'throttle' && lastStartAt !== null && holder.state === 'running')`,
      },
      {
        file: 'ledger/domain/unique.ts',
        find: `function earliestStart(rule: UniqueRule, { startedAt, keyStartedAt }: Holder, now: number): number {`,
        replace: `function earliestStart(rule: UniqueRule, holder: Holder, now: number): number {
  const { startedAt, keyStartedAt } = holder`,
      },
    ],
  },
  {
    name: 'a call while the job runs joins it',
    breaks: ['I5'],
    seen: 'The lost update: what changed while the job ran is not in what it has read, and no second run comes.',
    edits: [
      {
        file: 'ledger/domain/unique.ts',
        find: `if (holder.state === 'running') return { do: 'follow', notBefore: earliest }`,
        replace: `if (holder.state === 'running') return { do: 'join' }`,
      },
    ],
  },
  {
    name: 'the one who waits is never told to go',
    breaks: ['I5'],
    seen: 'A continuation that hangs on an event: one path to the end does not raise it.',
    edits: [
      {
        file: 'ledger/commands/settle.ts',
        find: 'if (next.successor !== null && isFinal(next.state)) release(core, turn, next)',
        replace: `if (next.successor !== null && next.state === 'completed') release(core, turn, next)`,
      },
    ],
  },
  {
    name: 'the renewed input is lost',
    breaks: ['I5'],
    seen: 'Debounce of the first input: the timer is pushed, the payload is not replaced.',
    edits: [
      {
        file: 'ledger/commands/enqueue.ts',
        find: 'turn.change(holder, renewed(holder, renewal, turn.now), job.input)',
        replace: 'turn.change(holder, renewed(holder, renewal, turn.now))',
      },
    ],
  },
  {
    name: 'a late success of the old input is kept',
    breaks: ['I5'],
    seen: 'Asked for by the design: an attempt that lapsed ends well after its job was given a newer input.',
    among: 'silence',
    edits: [
      {
        file: 'ledger/domain/transitions.ts',
        find: `slice(-callsMax)),
    leaseUntil: null,`,
        replace: `slice(-callsMax)),`,
      },
    ],
  },
]
