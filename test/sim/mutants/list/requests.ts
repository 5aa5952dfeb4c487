/** Requests of callers and operators: enqueue, keys, cancel, redrive, hooks (I1, I3, I5). */
import type { Mutant } from '../mutant.ts'

export const requests: readonly Mutant[] = [
  {
    name: 'idempotency keys are forgotten on restart',
    breaks: ['I5'],
    seen: 'ZinTrust deduplicates beside the rows and not in them (KV, then SELECT, then INSERT); here the keys are in memory.',
    edits: [
      { in: 'migrations', find: 'UNIQUE INDEX jobs_unique', replace: 'INDEX jobs_unique' },
      { in: 'commands/enqueue', find: 'new Map()', replace: '(tx.context.memory.holders ??= new Map())' },
      { in: 'currentHolder', find: 'tx.jobByKey(key, task, partition)', replace: 'undefined' },
    ],
  },
  {
    name: 'each try of an enqueue makes new ids',
    breaks: ['I1', 'I5'],
    seen: 'A client that repeats an enqueue after a lost answer records two jobs when the id is made as late as the call.',
    edits: [
      {
        in: 'Enqueuer.constructor',
        find: 'jobs })',
        replace: `jobs: jobs.map((job) => ({
          ...job,
          id: newJobId(shard, ports.platform.now(), () => ports.platform.random()),
        })) })`,
      },
    ],
  },
  {
    name: 'a cancellation is forgotten when the attempt fails',
    breaks: ['I3', 'I4'],
    seen: 'kiribi: the row says that the job is to be cancelled, and the retry path does not look at it.',
    edits: [{ in: 'settled', find: '|| row.cancelling', replace: '' }],
  },
  {
    name: 'a cancellation is forgotten when the attempt lapses',
    breaks: ['I3', 'I4'],
    seen: 'The same mistake in the other path: a job whose runner died while it was being cancelled runs again.',
    edits: [{ in: 'lapsed', find: "if (row.cancelling) return final(ended, 'cancelled', now)", replace: '' }],
  },
  {
    name: 'the onFailed job is recorded outside the transaction',
    breaks: ['I1', 'I8', 'I12'],
    seen: 'cloudflare/agents#1543: `workflow.create` and its INSERT were two steps, and a reset came between them.',
    edits: [
      {
        in: 'failure/addJob',
        find: 'tx.add(newRow(job, now))',
        replace: 'tx.onCommit(() => context.jobs.insert([newRow(job, now)]))',
      },
    ],
  },
  {
    name: 'a known key accepts another input',
    breaks: ['I5'],
    seen: 'durable-effect and deduplication in KV compare the key alone: the second caller is told that its work is done.',
    edits: [{ in: 'decide', find: "{ do: 'refuse' }", replace: "{ do: 'join' }" }],
  },
  {
    name: 'a retried handler makes its children again',
    breaks: ['I5'],
    seen: 'cloudflare/agents#1153: what a handler schedules was inserted at every start, until the reads had cost 1,650 dollars.',
    edits: [
      { in: 'enqueueChildOf', find: 'const made = new Map<string, number>()', replace: '' },
      { in: 'enqueueChildOf', before: 'const made = new Map<string, number>()' },
    ],
  },
  {
    name: 'a background failure is swallowed',
    breaks: ['I1'],
    seen: 'superflare and `queue()` of cloudflare/agents: an error in waitUntil is logged at best, and the work is gone.',
    edits: [{ in: 'recordEnded', find: "outcome.kind !== 'completed'", replace: "outcome.kind === 'rejected'" }],
  },
  {
    name: 'a cancellation overrides a final state',
    breaks: ['I3'],
    seen: 'ZinTrust handles completed jobs like any other: it checks for two states alone.',
    edits: [{ in: 'cancelAsked', find: 'isFinal(row.state)', replace: "row.state === 'cancelled'" }],
  },
  {
    name: 'a redrive takes a running job',
    breaks: ['I2', 'I3'],
    seen: 'kiribi: a manual recovery takes jobs that are PROCESSING, and those may well be running.',
    edits: [{ in: 'redriven', find: '!isFinal(row.state)', replace: "row.state === 'queued'" }],
  },
]
