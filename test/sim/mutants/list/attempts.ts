/** Claims, leases, lapses, refunds: who may run a job, and how often (I2, I4, I10). */
import type { Mutant } from '../mutant.ts'

export const attempts: readonly Mutant[] = [
  {
    name: 'claim without its precondition',
    breaks: ['I2', 'I4', 'I12'],
    // The index alone, or the row alone, would be enough: what is claimed leaves the index. Here neither is asked.
    seen: 'tetrastack: an unconditional UPDATE claims what somebody else has claimed (prior art 2.15; drydock#7 in 3.5).',
    edits: [
      {
        file: 'ledger/commands/claim.ts',
        find: 'if (ready && row.attempt < row.maxAttempts) return true',
        replace: 'if (row.attempt < row.maxAttempts) return true',
      },
      {
        file: 'ledger/memory/memory.ts',
        find: `    this.ready.remove(after.id)
    this.running.delete(after.id)`,
        replace: `    if (after.state !== 'running') this.ready.remove(after.id)
    this.running.delete(after.id)`,
      },
    ],
  },
  {
    name: 'attempt not counted on lapse',
    breaks: ['I4', 'I10'],
    seen: 'crowd-faq#233: recovery of stale leases forgot the maximum, and a poison pill came back for ever (prior art 3.5).',
    edits: [
      {
        file: 'ledger/domain/transitions.ts',
        find: `return { ...ended, state: 'retrying', dueAt: now + delayMs }`,
        replace: `return { ...ended, state: 'retrying', attempt: row.attempt - 1, dueAt: now + delayMs }`,
      },
    ],
  },
  {
    name: 'activation renews leases',
    breaks: ['I2', 'I8', 'I10'],
    seen: 'Leases kept in memory and granted anew at each start: a dead runner keeps its jobs as long as the object keeps waking (prior art 0d).',
    edits: [
      {
        file: 'ledger/memory/memory.ts',
        find: `if (!isFinal(row.state)) books.place(row, now)
    }
    if (rows.length < loadSlice) break`,
        replace: `if (!isFinal(row.state)) books.place(row.state === 'running' ? { ...row, leaseUntil: now + 30_000 } : row, now)
    }
    if (rows.length < loadSlice) break`,
      },
    ],
  },
  {
    name: 'running is read as crashed',
    breaks: ['I2'],
    seen: 'ablauf: write-ahead `running` is taken for a crash at the next start, so every step over a second runs twice (prior art 0d, 2.11).',
    edits: [
      {
        file: 'ledger/memory/memory.ts',
        find: `if (!isFinal(row.state)) books.place(row, now)
    }
    if (rows.length < loadSlice) break`,
        replace: `if (!isFinal(row.state)) books.place(row.state === 'running' ? { ...row, leaseUntil: now } : row, now)
    }
    books.runners.clear()
    if (rows.length < loadSlice) break`,
      },
    ],
  },
  {
    name: 'running is read as somebody has it',
    breaks: ['I8', 'I10', 'I13'],
    seen: 'kiribi: a job whose consumer died stays PROCESSING for ever (prior art 0d, 2.7).',
    edits: [
      {
        file: 'ledger/maintenance/upkeep.ts',
        find: '.filter((job) => books.leaseEnd(job) <= turn.now)',
        replace: '.filter((job) => books.leaseEnd(job) <= turn.now && books.runners.has(leaseParts(job.lease).runner))',
      },
    ],
  },
  {
    name: 'a beat does not extend on disk',
    breaks: ['I2'],
    seen: 'Heartbeats in memory alone: after a reset the lease ends under a runner that was told it holds (payload#17220, prior art 3.5).',
    edits: [
      {
        file: 'ledger/commands/sync.ts',
        find: `  runners.extend(runner, full)
  turn.need(full)`,
        replace: `  if (Number.isNaN(full)) runners.extend(runner, full)
  turn.need(full)`,
      },
    ],
  },
  {
    name: 'sync reply not repeated for a repeated seq',
    breaks: ['I1', 'I4', 'I9'],
    seen: 'ZinTrust: a call is repeated after an error although it took effect, and claims a second time (prior art 2.8; matrix no. 7 in 5).',
    edits: [
      {
        file: 'ledger/commands/sync.ts',
        find: 'const repeated = stale ? [] : claimedBefore(core, turn, request)',
        replace: 'const repeated = stale || request.seq > 0 ? [] : claimedBefore(core, turn, request)',
      },
    ],
  },
  {
    name: 'claims are given back before they are acknowledged',
    breaks: ['I2', 'I4'],
    seen: 'drydock#7: what is still on its way to a worker is handed to the next one (prior art 3.5).',
    edits: [
      {
        file: 'ledger/commands/sync.ts',
        find: 'leaseParts(lease).seq <= ack && !held.has(id)',
        replace: 'leaseParts(lease).seq <= Math.max(ack, Number.MAX_SAFE_INTEGER) && !held.has(id)',
      },
    ],
  },
  {
    name: 'refunds have no end',
    breaks: ['I4', 'I10', 'I13'],
    seen: 'crowd-faq#233 again: a job that kills its isolate before anybody confirms it is given back each time (prior art 3.5, 3.4).',
    edits: [
      {
        file: 'ledger/domain/transitions.ts',
        find: 'export const refundsMax = 3',
        replace: 'export const refundsMax = Number.POSITIVE_INFINITY',
      },
    ],
  },
  {
    name: 'a settlement is not repeated while unanswered',
    breaks: ['I4'],
    seen: 'Found here: overtaken by the next call, a finished job looks like one its runner never had, and is run again.',
    edits: [
      {
        file: 'runner/runner.ts',
        find: 'const settle = [...[...this.#open.values()].flat(), ...this.#finished]',
        replace: 'const settle = [...this.#finished]',
      },
    ],
  },
  {
    name: 'a settlement is dropped with its failed call',
    breaks: ['I4'],
    seen: 'classic `queue()` of agents, actors: an error of the bookkeeping is swallowed, and what it was about is forgotten (prior art 0c, 2.1).',
    edits: [
      {
        file: 'runner/runner.ts',
        find: 'this.#finished = [...(this.#open.get(request.seq) ?? []), ...this.#finished]',
        replace: 'this.#finished = [...this.#finished]',
      },
    ],
  },
  {
    name: 'a snooze uses an attempt',
    breaks: ['I4', 'I10', 'I12'],
    seen: 'Redelivery counted as failure: with Queues `retry()` a poll that waits ends in the dead-letter queue (codra#20, prior art 3.5).',
    edits: [
      {
        file: 'ledger/domain/transitions.ts',
        find: `return waiting({ ...ended, attempt: row.attempt - 1 }, 'scheduled', now + sound.forMs)`,
        replace: `return waiting(ended, 'scheduled', now + sound.forMs)`,
      },
    ],
  },
]
