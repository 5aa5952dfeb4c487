/** Memory that no longer agrees with the rows: the watermark, the counts, the due index (I1, I12). */
import type { Mutant } from '../mutant.ts'

export const memory: readonly Mutant[] = [
  {
    name: 'the watermark moves past a live row',
    breaks: ['I1', 'I8', 'I12'],
    seen: 'A cursor that moves past a row that is still running: after the next start nothing knows of that row.',
    edits: [{ in: 'moveWatermark', find: ', ...memory.running.values()', replace: '' }],
  },
  {
    name: 'a row becomes live below the watermark without a due time',
    breaks: ['I1', 'I12'],
    seen: 'ZinTrust: `availableAt` is not changed on a retry; here a redrive or a slow clock makes a row live that no activation reads.',
    edits: [{ in: 'Transaction.#anchoredDueAt', find: '? this.now', replace: '? null' }],
  },
  {
    name: 'a sweep deletes live rows',
    breaks: ['I1'],
    // Three guards protect live rows: their state, their due time and the SQL statement. All three are missing here.
    seen: 'durable-effect and `queue()` of cloudflare/agents: rows are purged by age or at the first failure, even if they are still needed.',
    edits: [
      { in: 'passRows', find: 'isFinal(state) && dueAt === null', replace: '!isFinal(state) || dueAt === null' },
      {
        in: 'jobStatements',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a template in the source
        find: 'AND ${isEnded} RETURNING id',
        replace: 'RETURNING id',
      },
    ],
  },
  {
    name: 'memory changes before the commit',
    breaks: ['I1', 'I2', 'I12'],
    seen: 'workerd: variables are not rolled back with the rows, so a failed write leaves a claim that memory alone knows.',
    edits: [
      {
        in: 'Transaction.change',
        find: 'const earlier =',
        replace: `this.context.memory.mirror(before, anchored, this.now)
        const earlier =`,
      },
      { in: 'Transaction.applyToMemory', find: 'memory.mirror(before, after, this.now)', replace: '' },
    ],
  },
  {
    name: 'jobs that activation leaves on disk are never loaded',
    breaks: ['I8', 'I10', 'I12'],
    seen: 'A backlog that is paged in at the start and never again: jobs beyond the first page wait for ever.',
    edits: [{ in: 'refillLane', body: '' }],
  },
  {
    name: 'counts are not rebuilt on activation',
    breaks: ['I12'],
    seen: 'Counters in memory that begin at zero after each eviction: the dashboard is wrong after ten idle seconds.',
    edits: [
      {
        in: 'loadAbove',
        find: 'memory.counts.moveAbove({ task: row.task, from: undefined, to: row.state })',
        replace: '',
      },
    ],
  },
  {
    name: 'counts below the watermark are not stored',
    breaks: ['I12'],
    seen: 'SIAHRA#53 counted by a scan of everything instead: 72 billion rows read in five days.',
    edits: [{ in: 'Transaction.write', find: '|| this.#cursors.below !== cursors.below', replace: '' }],
  },
  {
    name: 'a new job takes over a row whose retention is not over',
    breaks: ['I1'],
    seen: 'Asked for by the design: rows are used again, and whatever forgets a job must know that its retention is over.',
    edits: [{ in: 'isOver', find: 'retentionMs(row.task)', replace: 'retentionMs(row.task) * 0.9' }],
  },
  {
    name: 'the recyclable rows are not counted on activation',
    breaks: ['I12'],
    seen: 'Asked for by the design: no stored count holds the recyclable rows, so they must be counted anew.',
    edits: [{ in: 'loadMemory', find: 'recyclableEnd > sweepCursor', replace: 'recyclableEnd < sweepCursor' }],
  },
  {
    name: 'the loaded position in the due index never moves back',
    breaks: ['I1', 'I10', 'I12'],
    seen: 'Cron that matches times after the last tick: a clock that steps back puts work before the position that was read.',
    edits: [{ in: 'Memory.expectDue', find: 'at <= this.dueLoadedTo.at', replace: 'at < 0' }],
  },
  {
    name: 'the row cache keeps the row from before the change',
    breaks: ['I12'],
    seen: 'Asked for by the design: rows are cached between two transactions, and a cache may lag behind a write.',
    edits: [{ in: 'Transaction.applyToMemory', find: 'rowCache.keep(after', replace: 'rowCache.keep(before' }],
  },
]
