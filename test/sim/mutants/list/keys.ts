/** Uniqueness: who holds a key, and whose input is run (I5). */
import type { Mutant } from '../mutant.ts'

export const keys: readonly Mutant[] = [
  {
    name: 'a running job does not hold its key',
    breaks: ['I5'],
    seen: 'Uniqueness that looks at what waits alone: the second one runs beside the first (Oban: `states` without `executing`).',
    edits: [
      {
        in: 'decide',
        before: "if (rule.kind === 'finished' && holder.state === 'running') return { do: 'new', notBefore: now }",
      },
    ],
  },
  {
    name: 'a debounce ignores its maximum wait',
    breaks: ['I5'],
    seen: 'Calls that never rest put it off for ever: an index that is updated all day is never written.',
    edits: [{ in: 'pushed', find: 'holder.createdAt + maxWaitMs', replace: 'Number.POSITIVE_INFINITY' }],
  },
  {
    name: 'a throttle forgets the last start',
    breaks: ['I5'],
    seen: 'Debounce sold as throttle: once the job has ended, the next one starts at once.',
    edits: [
      { in: 'earliestStart', find: 'startedAt, keyStartedAt }', replace: 'startedAt, keyStartedAt, state }' },
      { in: 'earliestStart', find: 'lastStartAt !== null', replace: "lastStartAt !== null && state === 'running'" },
    ],
  },
  {
    name: 'a call while the job runs joins it',
    breaks: ['I5'],
    seen: 'The lost update: what changed while the job ran is not in what it has read, and no second run comes.',
    edits: [{ in: 'decide', find: "{ do: 'follow', notBefore: earliest }", replace: "{ do: 'join' }" }],
  },
  {
    name: 'the one who waits is never told to go',
    breaks: ['I5'],
    seen: 'A continuation that hangs on an event: one path to the end does not raise it.',
    edits: [{ in: 'follow', find: 'isFinal(next.state)', replace: "next.state === 'completed'" }],
  },
  {
    name: 'the renewed input is lost',
    breaks: ['I5'],
    seen: 'Debounce of the first input: the timer is pushed, the payload is not replaced.',
    edits: [{ in: 'renew', find: ', job.input)', replace: ')' }],
  },
  {
    name: 'a late success of the old input is kept',
    breaks: ['I5'],
    seen: 'Asked for by the design: an attempt that lapsed ends well after its job was given a newer input.',
    among: 'silence',
    edits: [{ in: 'renewed', find: 'leaseUntil: null', replace: 'leaseUntil: row.leaseUntil' }],
  },
]
