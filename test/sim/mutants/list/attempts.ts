/** Claims, leases, lapses, refunds: who may run a job, and how often (I2, I4, I10). */
import type { Mutant } from '../mutant.ts'

export const attempts: readonly Mutant[] = [
  {
    name: 'claim without its precondition',
    breaks: ['I2', 'I4', 'I12'],
    // The index alone, or the row alone, would be enough: what is claimed leaves the index. Here neither is asked.
    seen: 'tetrastack: an unconditional UPDATE claims what somebody else has claimed (prior art 2.15; drydock#7 in 3.5).',
    edits: [
      { in: 'claimable', find: 'ready &&', replace: '' },
      {
        in: 'Books.mirror',
        find: 'this.ready.remove(after.id)',
        replace: "if (after.state !== 'running') this.ready.remove(after.id)",
      },
    ],
  },
  {
    name: 'attempt not counted on lapse',
    breaks: ['I4', 'I10'],
    seen: 'crowd-faq#233: recovery of stale leases forgot the maximum, and a poison pill came back for ever (prior art 3.5).',
    edits: [{ in: 'lapsed', find: "state: 'retrying'", replace: "state: 'retrying', attempt: row.attempt - 1" }],
  },
  {
    name: 'activation renews leases',
    breaks: ['I2', 'I8', 'I10'],
    seen: 'Leases kept in memory and granted anew at each start: a dead runner keeps its jobs as long as the object keeps waking (prior art 0d).',
    edits: [
      {
        in: 'loadAbove',
        find: 'books.place(row, now)',
        replace: "books.place(row.state === 'running' ? { ...row, leaseUntil: now + 30_000 } : row, now)",
      },
    ],
  },
  {
    name: 'running is read as crashed',
    breaks: ['I2'],
    seen: 'ablauf: write-ahead `running` is taken for a crash at the next start, so every step over a second runs twice (prior art 0d, 2.11).',
    edits: [
      { in: 'loadAbove', before: 'books.runners.clear()' },
      {
        in: 'loadAbove',
        find: 'books.place(row, now)',
        replace: "books.place(row.state === 'running' ? { ...row, leaseUntil: now } : row, now)",
      },
    ],
  },
  {
    name: 'running is read as somebody has it',
    breaks: ['I8', 'I10', 'I13'],
    seen: 'kiribi: a job whose consumer died stays PROCESSING for ever (prior art 0d, 2.7).',
    edits: [
      {
        in: 'maintenance/lapse',
        find: 'books.leaseEnd(job) <= turn.now',
        replace: 'books.leaseEnd(job) <= turn.now && books.runners.has(leaseParts(job.lease).runner)',
      },
    ],
  },
  {
    name: 'a beat does not extend on disk',
    breaks: ['I2'],
    seen: 'Heartbeats in memory alone: after a reset the lease ends under a runner that was told it holds (payload#17220, prior art 3.5).',
    edits: [{ in: 'extend', find: 'runners.extend(runner, full)', replace: '' }],
  },
  {
    name: 'sync reply not repeated for a repeated seq',
    breaks: ['I1', 'I4', 'I9'],
    seen: 'ZinTrust: a call is repeated after an error although it took effect, and claims a second time (prior art 2.8; matrix no. 7 in 5).',
    edits: [{ in: 'claimedBefore', returns: '[]' }],
  },
  {
    name: 'claims are given back before they are acknowledged',
    breaks: ['I2', 'I4'],
    seen: 'drydock#7: what is still on its way to a worker is handed to the next one (prior art 3.5).',
    edits: [{ in: 'giveBack', find: 'leaseParts(lease).seq <= ack &&', replace: '' }],
  },
  {
    name: 'refunds have no end',
    breaks: ['I4', 'I10', 'I13'],
    seen: 'crowd-faq#233 again: a job that kills its isolate before anybody confirms it is given back each time (prior art 3.5, 3.4).',
    edits: [{ in: 'refundsMax', value: 'Number.POSITIVE_INFINITY' }],
  },
  {
    name: 'a settlement is not repeated while unanswered',
    breaks: ['I4'],
    seen: 'Found here: overtaken by the next call, a finished job looks like one its runner never had, and is run again.',
    edits: [{ in: 'Runner.#request', find: '[...this.#open.values()].flat()', replace: '[]' }],
  },
  {
    name: 'a settlement is dropped with its failed call',
    breaks: ['I4'],
    seen: 'classic `queue()` of agents, actors: an error of the bookkeeping is swallowed, and what it was about is forgotten (prior art 0c, 2.1).',
    edits: [{ in: 'Runner.#send', find: 'this.#open.get(request.seq) ?? []', replace: '[]' }],
  },
  {
    name: 'a snooze uses an attempt',
    breaks: ['I4', 'I10', 'I12'],
    seen: 'Redelivery counted as failure: with Queues `retry()` a poll that waits ends in the dead-letter queue (codra#20, prior art 3.5).',
    edits: [{ in: 'settled', find: 'attempt: row.attempt - 1', replace: 'attempt: row.attempt' }],
  },
]
