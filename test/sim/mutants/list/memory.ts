/** Memory and rows that part: the mark, the counts, the place in the due index (I1, I12). */
import type { Mutant } from '../mutant.ts'

export const books: readonly Mutant[] = [
  {
    name: 'the mark advanced past a live row',
    breaks: ['I1', 'I8', 'I12'],
    seen: 'A cursor that moves over what is still running: after the next start nobody knows of it (prior art 0a; matrix no. 4 in 5).',
    edits: [{ in: 'moveMark', find: ', ...books.running.values()', replace: '' }],
  },
  {
    name: 'a row made live below the mark without due_at',
    breaks: ['I1', 'I12'],
    seen: 'ZinTrust: `availableAt` unchanged on a retry; here a redrive or a slow clock makes live what no activation reads (prior art 2.8).',
    edits: [{ in: 'Turn.#anchor', find: '{ dueAt: this.now }', replace: '{ dueAt: null }' }],
  },
  {
    name: 'a sweep deletes live rows',
    breaks: ['I1'],
    // The statement refuses too, and the rows it may meet carry a due time: three guards, and all three are missing here.
    seen: 'durable-effect and classic `queue()`: rows are purged by age or at the first failure, whatever they still stand for (prior art 0c, 2.1, 2.10).',
    edits: [
      { in: 'pass', find: 'isFinal(state) && dueAt === null', replace: '!isFinal(state) || dueAt === null' },
      {
        in: 'jobStatements',
        find: "AND state IN ('completed', 'failed', 'cancelled') RETURNING id",
        replace: 'RETURNING id',
      },
    ],
  },
  {
    name: 'memory changed before the commit',
    breaks: ['I1', 'I12'],
    seen: 'workerd: what JavaScript remembers is not rolled back with the rows; a failed write leaves a claim that only memory knows (prior art 1 no. 8).',
    edits: [
      {
        in: 'Turn.change',
        find: 'const earlier =',
        replace: `this.#parts.books.mirror(before, anchored, this.now)
        const earlier =`,
      },
      { in: 'Turn.settle', find: 'books.mirror(before, after, this.now)', replace: '' },
    ],
  },
  {
    name: 'what activation leaves on disk is never fetched',
    breaks: ['I10', 'I12'],
    seen: 'A backlog that is paged in at the start and never again: what was beyond the first page waits for ever.',
    edits: [{ in: 'lengthen', body: '' }],
  },
  {
    name: 'counts not rebuilt',
    breaks: ['I12'],
    seen: 'Counters in memory that begin at zero after each eviction: a dashboard that lies after ten idle seconds (prior art 3.10 no. 1).',
    edits: [
      {
        in: 'loadAbove',
        find: 'books.counts.moveAbove({ task: row.task, from: undefined, to: row.state })',
        replace: '',
      },
    ],
  },
  {
    name: 'counts below the mark are not stored',
    breaks: ['I12'],
    seen: 'SIAHRA#53 is the other way out, a scan of everything: 72 billion rows read in five days (prior art 3.4).',
    edits: [{ in: 'Turn.write', find: '|| this.#upkeep.below !== upkeep.below', replace: '' }],
  },
  {
    name: 'a new job takes over the row of one whose time is not over',
    breaks: ['I1'],
    seen: 'Asked for by the design: rows are used again, and what forgets a job must know that its retention is over.',
    edits: [{ in: 'isOver', find: 'retentionMs(row.task)', replace: 'retentionMs(row.task) * 0.9' }],
  },
  {
    name: 'the tail is not counted on activation',
    breaks: ['I12'],
    seen: 'Asked for by the design: what is taken over is in no stored count, so that it must be counted anew.',
    edits: [{ in: 'opened', find: 'books.tailEnd > books.swept', replace: 'books.tailEnd < books.swept' }],
  },
  {
    name: 'a place in the due index is not taken back',
    breaks: ['I1', 'I10', 'I12'],
    seen: 'Cron matched by "after the last tick": a clock that steps back puts work behind the place that was read (prior art 2.15, 3.9).',
    edits: [{ in: 'Books.expectDue', find: 'at <= this.dueLoadedTo.at', replace: 'at < 0' }],
  },
  {
    name: 'a row is remembered as it was before its step',
    breaks: ['I12'],
    seen: 'Asked for by the design: rows are kept in memory between two steps, and a cache that lags a write is the oldest mistake there is.',
    edits: [{ in: 'Turn.settle', find: 'recent.keep(after', replace: 'recent.keep(before' }],
  },
]
