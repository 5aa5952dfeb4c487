/** Uniqueness: which job holds a key, and which input runs (I5). */
import type { Mutant } from '../mutant.ts'

export const keys: readonly Mutant[] = [
  {
    name: 'a running job does not hold its key',
    breaks: ['I5'],
    seen: 'Uniqueness that considers waiting jobs alone: the second job runs beside the first (Oban: `states` without `executing`).',
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
    seen: 'Calls that never rest postpone the job for ever: an index that is updated all day is never written.',
    edits: [{ in: 'pushed', find: 'holder.createdAt + maxWaitMs', replace: 'Number.POSITIVE_INFINITY' }],
  },
  {
    name: 'a throttle forgets the last start',
    breaks: ['I5'],
    seen: 'A debounce sold as a throttle: once the job has ended, the next one starts at once.',
    edits: [
      { in: 'earliestStart', find: 'startedAt, keyStartedAt }', replace: 'startedAt, keyStartedAt, state }' },
      { in: 'earliestStart', find: 'lastStartAt !== null', replace: "lastStartAt !== null && state === 'running'" },
    ],
  },
  {
    name: 'a call while the job runs joins it',
    breaks: ['I5'],
    seen: 'The lost update: a change during the run is not in the input that the job has read, and no second run comes.',
    edits: [{ in: 'decide', find: "{ do: 'follow', notBefore: earliest }", replace: "{ do: 'join' }" }],
  },
  {
    name: 'a successor waits for ever unless its predecessor completes',
    breaks: ['I5'],
    seen: 'A continuation that waits for an event: one of the paths to the end does not raise it.',
    edits: [{ in: 'follow', find: 'isFinal(next.state)', replace: "next.state === 'completed'" }],
  },
  {
    name: 'the renewed input is lost',
    breaks: ['I5'],
    seen: 'A debounce that keeps the first input: the timer is reset, the payload is not replaced.',
    edits: [{ in: 'renew', find: ', job.input)', replace: ')' }],
  },
  {
    name: 'a late success with the old input is kept',
    breaks: ['I5'],
    seen: 'Asked for by the design: an attempt that lapsed succeeds after its job was given a newer input.',
    among: 'silence',
    edits: [{ in: 'renewed', find: 'leaseUntil: null', replace: 'leaseUntil: row.leaseUntil' }],
  },
]
