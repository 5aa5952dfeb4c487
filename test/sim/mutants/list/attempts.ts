/** Claims, leases, lapses, refunds: who may run a job, and how often (I2, I4, I10). */
import type { Mutant } from '../mutant.ts'

export const attempts: readonly Mutant[] = [
  {
    name: 'a claim has no precondition',
    breaks: ['I2', 'I4', 'I12'],
    // A claimed job leaves the ready index, and its row says that it runs. Either check would be enough; both are missing.
    seen: 'tetrastack: an unconditional UPDATE claims what another worker has claimed already; drydock#7 is alike.',
    edits: [
      { in: 'admit', find: 'ready &&', replace: '' },
      {
        in: 'Memory.mirror',
        find: 'this.ready.remove(after.id)',
        replace: "if (after.state !== 'running') this.ready.remove(after.id)",
      },
    ],
  },
  {
    name: 'a lapse does not count its attempt',
    breaks: ['I4', 'I10'],
    seen: 'crowd-faq#233: the recovery of stale leases ignored the maximum, and a poison pill came back for ever.',
    edits: [{ in: 'lapsed', find: "state: 'retrying'", replace: "state: 'retrying', attempt: row.attempt - 1" }],
  },
  {
    name: 'activation renews leases',
    breaks: ['I2', 'I8', 'I10'],
    seen: 'Leases that are kept in memory and granted anew at each start: a dead runner keeps its jobs as long as the object keeps waking.',
    edits: [
      {
        in: 'loadAbove',
        find: 'memory.insert(row, now)',
        replace: "memory.insert(row.state === 'running' ? { ...row, leaseUntil: now + 30_000 } : row, now)",
      },
    ],
  },
  {
    name: 'every lease lapses on activation',
    breaks: ['I2'],
    seen: 'ablauf: the `running` that it writes ahead counts as a crash at the next start, so every step longer than a second runs twice.',
    edits: [
      { in: 'loadAbove', before: 'memory.runners.clear()' },
      {
        in: 'loadAbove',
        find: 'memory.insert(row, now)',
        replace: "memory.insert(row.state === 'running' ? { ...row, leaseUntil: now } : row, now)",
      },
    ],
  },
  {
    name: 'the lease of an unknown runner never lapses',
    breaks: ['I8', 'I10', 'I13'],
    seen: 'kiribi: a job whose consumer died stays PROCESSING for ever.',
    edits: [
      {
        in: 'lapseLeases',
        find: 'memory.leaseEnd(job) <= tx.now',
        replace: 'memory.leaseEnd(job) <= tx.now && memory.runners.has(leaseParts(job.lease).runner)',
      },
    ],
  },
  {
    name: 'a heartbeat does not extend the lease on disk',
    breaks: ['I2'],
    seen: 'Heartbeats in memory alone: after a reset the lease of a runner ends although it was told that it holds it (payload#17220).',
    edits: [{ in: 'extendLeases', find: 'runners.extend(runner, full)', replace: '' }],
  },
  {
    name: 'the answer to a sync is not repeated for a repeated seq',
    breaks: ['I1', 'I4', 'I9'],
    seen: 'ZinTrust: a call is repeated after an error although it took effect, and claims a second time.',
    edits: [{ in: 'claimedBefore', returns: '[]' }],
  },
  {
    name: 'claims are given back before they are acknowledged',
    breaks: ['I2', 'I4'],
    seen: 'drydock#7: a job that is still on its way to one worker is given to the next.',
    edits: [{ in: 'giveBack', find: 'leaseParts(lease).seq <= ack &&', replace: '' }],
  },
  {
    name: 'refunds have no limit',
    breaks: ['I4', 'I10', 'I13'],
    seen: 'Like crowd-faq#233: a job that kills its isolate before the claim is confirmed is given back each time.',
    edits: [{ in: 'refundsMax', value: 'Number.POSITIVE_INFINITY' }],
  },
  {
    name: 'a settlement is not repeated while unanswered',
    breaks: ['I4'],
    seen: 'Found here: when the next call overtakes the settlement, a finished job looks like one that its runner never had, and runs again.',
    edits: [{ in: 'Outbox.prepare', find: '[...this.#open.values()].flat()', replace: '[]' }],
  },
  {
    name: 'a settlement is dropped with its failed call',
    breaks: ['I4'],
    seen: '`queue()` of cloudflare/agents and cloudflare/actors: an error while recording an outcome is swallowed, and the outcome is lost.',
    edits: [{ in: 'Outbox.takeBack', find: 'this.#open.get(seq) ?? []', replace: '[]' }],
  },
  {
    name: 'a snooze uses an attempt',
    breaks: ['I4', 'I10', 'I12'],
    seen: 'Redelivery counts as failure: with `retry()` of Queues a poll that only waits ends in the dead-letter queue (codra#20).',
    edits: [{ in: 'settled', find: 'attempt: row.attempt - 1', replace: 'attempt: row.attempt' }],
  },
]
