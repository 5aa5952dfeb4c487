/** What callers and operators ask for: enqueue, keys, cancel, hooks (I1, I3, I5). */
import type { Mutant } from '../mutant.ts'

export const asking: readonly Mutant[] = [
  {
    name: 'idempotency key forgotten on restart',
    breaks: ['I5'],
    seen: 'ZinTrust: dedupe beside the rows, not in them (KV, then SELECT, then INSERT); here it lives in memory (prior art 2.8).',
    edits: [
      { in: 'migrations', find: 'UNIQUE INDEX jobs_unique', replace: 'INDEX jobs_unique' },
      {
        in: 'commands/enqueue',
        find: 'new Map<string, JobRowWithInput>()',
        replace: '(core.books.keyed ??= new Map<string, JobRowWithInput>())',
      },
      { in: 'commands/record', find: "?? core.jobs.byKey(job.key, job.task, job.partition ?? '')", replace: '' },
    ],
  },
  {
    name: 'each try makes a new id',
    breaks: ['I5'],
    seen: 'Matrix no. 20: a client that repeats an enqueue after a lost answer records two jobs, for the id is made too late (prior art 1 no. 8c, 5).',
    edits: [
      {
        in: 'Client.constructor',
        find: 'jobs })',
        replace: `jobs: jobs.map((job) => ({
        ...job,
        id: newJobId(shard, options.platform.now(), () => options.platform.random()),
        })) })`,
      },
    ],
  },
  {
    name: 'cancel forgotten when the attempt fails',
    breaks: ['I3', 'I4'],
    seen: 'Matrix no. 19 and kiribi: the flag is on the row, and the retry path does not look at it (prior art 2.7, 5).',
    edits: [{ in: 'settled', find: '|| row.cancelling', replace: '' }],
  },
  {
    name: 'cancel forgotten on lapse',
    breaks: ['I3', 'I4'],
    seen: 'The same on the other path: a job whose runner died while it was being cancelled is run again (prior art 5 no. 19).',
    edits: [{ in: 'lapsed', find: "if (row.cancelling) return final(ended, 'cancelled', now)", replace: '' }],
  },
  {
    name: 'hook job outside the transaction',
    breaks: ['I1', 'I8', 'I12'],
    seen: 'agents#1543: `workflow.create` and its INSERT were two steps, and a reset came between (prior art 2.1).',
    edits: [
      {
        in: 'addFor',
        find: 'turn.add(newRow(job, turn.now))',
        replace: 'turn.after(() => core.jobs.insert([newRow(job, turn.now)]))',
      },
    ],
  },
  {
    name: 'a known key takes another input for the same',
    breaks: ['I5'],
    seen: 'durable-effect and KV dedupe compare the key alone: the second caller is told that its work is done (prior art 2.8, 2.10).',
    edits: [{ in: 'decide', find: "{ do: 'refuse' }", replace: "{ do: 'join' }" }],
  },
  {
    name: 'a retried handler makes its children again',
    breaks: ['I5'],
    seen: 'agents#1153: what a handler schedules is inserted at every start, 1,650 dollars of reads later (prior art 2.1, 3.4).',
    edits: [
      { in: 'enqueueChildOf', find: 'const made = new Map<string, number>()', replace: '' },
      { in: 'enqueueChildOf', before: 'const made = new Map<string, number>()' },
    ],
  },
  {
    name: 'a background failure is swallowed',
    breaks: ['I1'],
    seen: 'superflare, agents `queue()`: an error in waitUntil is logged, if that, and the work is gone (prior art 0c, 2.1, 2.15).',
    edits: [{ in: 'recordEnded', find: "outcome.kind !== 'completed'", replace: "outcome.kind === 'rejected'" }],
  },
  {
    name: 'a cancel overrides a final state',
    breaks: ['I3'],
    seen: 'ZinTrust: completed jobs are looked upon as any other, and only two states are asked for (prior art 2.8).',
    edits: [{ in: 'cancelAsked', find: 'isFinal(row.state)', replace: "row.state === 'cancelled'" }],
  },
  {
    name: 'a redrive takes a running job',
    breaks: ['I2', 'I3'],
    seen: 'kiribi: recovery by hand of what is PROCESSING, which may well be running (prior art 0d, 2.7).',
    edits: [{ in: 'redriven', find: '!isFinal(row.state)', replace: "row.state === 'queued'" }],
  },
]
