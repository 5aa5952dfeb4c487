/** Memory and rows that part: the mark, the counts, the place in the due index (I1, I12). */
import type { Mutant } from '../mutant.ts'

export const books: readonly Mutant[] = [
  {
    name: 'the mark advanced past a live row',
    breaks: ['I1', 'I8', 'I12'],
    seen: 'A cursor that moves over what is still running: after the next start nobody knows of it (prior art 0a; matrix no. 4 in 5).',
    edits: [
      {
        file: 'ledger/maintenance/upkeep.ts',
        find: 'const live = [...books.ready.values(), ...books.running.values()]',
        replace: 'const live = [...books.ready.values()]',
      },
    ],
  },
  {
    name: 'a row made live below the mark without due_at',
    breaks: ['I1', 'I12'],
    seen: 'ZinTrust: `availableAt` unchanged on a retry; here a redrive or a slow clock makes live what no activation reads (prior art 2.8).',
    edits: [
      {
        file: 'ledger/transaction/transaction.ts',
        find: 'if (row.dueAt === null && books.isBelowMark(row.id)) return { dueAt: this.now }',
        replace: 'if (row.dueAt === null && books.isBelowMark(row.id)) return { dueAt: null }',
      },
    ],
  },
  {
    name: 'a sweep deletes live rows',
    breaks: ['I1'],
    // The statement refuses too, and the rows it may meet carry a due time: three guards, and all three are missing here.
    seen: 'durable-effect and classic `queue()`: rows are purged by age or at the first failure, whatever they still stand for (prior art 0c, 2.1, 2.10).',
    edits: [
      {
        file: 'ledger/maintenance/upkeep.ts',
        find: 'const candidates = rows.filter(({ state, dueAt }) => isFinal(state) && dueAt === null)',
        replace: 'const candidates = rows.filter(({ state, dueAt }) => !isFinal(state) || dueAt === null)',
      },
      {
        file: 'ledger/storage/jobs.ts',
        find: `WHERE id IN (SELECT value FROM json_each(?)) AND state IN ('completed', 'failed', 'cancelled') RETURNING id`,
        replace: `WHERE id IN (SELECT value FROM json_each(?)) RETURNING id`,
      },
    ],
  },
  {
    name: 'memory changed before the commit',
    breaks: ['I1', 'I12'],
    seen: 'workerd: what JavaScript remembers is not rolled back with the rows; a failed write leaves a claim that only memory knows (prior art 1 no. 8).',
    edits: [
      {
        file: 'ledger/transaction/transaction.ts',
        find: `    const earlier = this.#changes.get(before.id)`,
        replace: `    this.#parts.books.mirror(before, anchored, this.now)
    const earlier = this.#changes.get(before.id)`,
      },
      {
        file: 'ledger/transaction/transaction.ts',
        find: '      books.mirror(before, after, this.now)',
        replace: '',
      },
    ],
  },
  {
    name: 'what activation leaves on disk is never fetched',
    breaks: ['I10', 'I12'],
    seen: 'A backlog that is paged in at the start and never again: what was beyond the first page waits for ever.',
    edits: [
      {
        file: 'ledger/memory/memory.ts',
        find: 'if (books.ready.laneSize(lane) >= laneShare) return',
        replace: 'if (books.ready.laneSize(lane) >= 0) return',
      },
    ],
  },
  {
    name: 'counts not rebuilt',
    breaks: ['I12'],
    seen: 'Counters in memory that begin at zero after each eviction: a dashboard that lies after ten idle seconds (prior art 3.10 no. 1).',
    edits: [
      {
        file: 'ledger/memory/memory.ts',
        find: `books.counts.moveAbove({ task: row.task, from: undefined, to: row.state })`,
        replace: `if (row.state === undefined) books.counts.moveAbove({ task: row.task, from: undefined, to: row.state })`,
      },
    ],
  },
  {
    name: 'counts below the mark are not stored',
    breaks: ['I12'],
    seen: 'SIAHRA#53 is the other way out, a scan of everything: 72 billion rows read in five days (prior art 3.4).',
    edits: [
      {
        file: 'ledger/transaction/transaction.ts',
        find: 'if (this.#moved || this.#upkeep.below !== upkeep.below || books.isRecounted)',
        replace: 'if (this.#moved || books.isRecounted)',
      },
    ],
  },
  {
    name: 'a new job takes over the row of one whose time is not over',
    breaks: ['I1'],
    seen: 'Asked for by the design: rows are used again, and what forgets a job must know that its retention is over.',
    edits: [
      {
        file: 'ledger/maintenance/recycle.ts',
        find: '(row.finishedAt ?? now) + retentionMs(row.task) <= now',
        replace: '(row.finishedAt ?? now) + retentionMs(row.task) * 0.9 <= now',
      },
    ],
  },
  {
    name: 'the tail is not counted on activation',
    breaks: ['I12'],
    seen: 'Asked for by the design: what is taken over is in no stored count, so that it must be counted anew.',
    edits: [
      {
        file: 'ledger/memory/memory.ts',
        find: 'if (books.tailEnd > books.swept) books.counts.tail =',
        replace: 'if (books.tailEnd < books.swept) books.counts.tail =',
      },
    ],
  },
  {
    name: 'a place in the due index is not taken back',
    breaks: ['I1', 'I10', 'I12'],
    seen: 'Cron matched by "after the last tick": a clock that steps back puts work behind the place that was read (prior art 2.15, 3.9).',
    edits: [
      {
        file: 'ledger/memory/memory.ts',
        find: 'if (at <= this.dueLoadedTo.at) this.dueLoadedTo =',
        replace: 'if (at < 0) this.dueLoadedTo =',
      },
    ],
  },
  {
    name: 'a row is remembered as it was before its step',
    breaks: ['I12'],
    seen: 'Asked for by the design: rows are kept in memory between two steps, and a cache that lags a write is the oldest mistake there is.',
    edits: [
      {
        file: 'ledger/transaction/transaction.ts',
        find: 'recent.keep(after, input ?? inputOf(after))',
        replace: 'recent.keep(before, input ?? inputOf(after))',
      },
    ],
  },
]
