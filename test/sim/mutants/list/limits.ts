/** Limits, fairness, deadlines: which jobs may start, and which one is next (I7, I10). */
import type { Mutant } from '../mutant.ts'

export const limits: readonly Mutant[] = [
  {
    name: 'the rate limiter forgets its log on restart',
    breaks: ['I7'],
    seen: 'Limiters in memory, beside the rows: after each deploy and each eviction the whole limit is available again.',
    edits: [{ in: 'Limits.#stored', returns: '[]' }],
  },
  {
    name: 'the rate limiter counts ends instead of starts',
    breaks: ['I7'],
    seen: 'Counted where the result comes in: until something has ended, everything may start.',
    edits: [
      { in: 'commands/claim', find: 'context.limits.recordStarts(tx, rows)', replace: '' },
      {
        in: 'commands/settle',
        find: 'tx.change(row, next)',
        replace: 'tx.context.limits.recordStarts(tx, [tx.change(row, next)])',
      },
    ],
  },
  {
    name: 'a fixed window replaces the sliding one',
    breaks: ['I7'],
    seen: 'The oldest limiter, a counter a minute: twice the limit may start around the edge of a window.',
    edits: [
      { in: 'roomLeft', find: 'at + perMs > now', replace: 'Math.floor(at / perMs) === Math.floor(now / perMs)' },
    ],
  },
  {
    name: 'starts are forgotten before their window is over',
    breaks: ['I7'],
    seen: 'The log is pruned by another rule than the one that reads it.',
    edits: [{ in: 'withStarts', find: 'at + perMs <= now', replace: 'at + perMs / 2 <= now' }],
  },
  {
    name: 'startNow ignores the limits',
    breaks: ['I7'],
    seen: 'Limits that the queue alone respects: what the caller runs itself is not counted (BullMQ: `rateLimit` holds back workers alone).',
    edits: [
      {
        in: 'mayStart',
        find: 'hasRoom(admission, task, partition)',
        replace: 'admission.room(task) >= 0 && admission.roomOf(task, partition) >= 0',
      },
    ],
  },
  {
    name: 'a freed slot is counted twice',
    breaks: ['I7'],
    seen: 'A semaphore that both the answer and the sweeper release: from then on one job too many runs.',
    edits: [{ in: 'Limits.#room', find: '+ ended(group)', replace: '+ 2 * ended(group)' }],
  },
  {
    name: 'a lapse does not unpark its partition',
    breaks: ['I8', 'I10'],
    seen: 'Found here by the simulator: the job that ran has died, its slot is free, and nothing looks at the jobs that wait for it.',
    edits: [{ in: 'Memory.mirror', find: "after.state !== 'running'", replace: "after.state === 'completed'" }],
  },
  {
    name: 'a limit reset does not unpark its partition',
    breaks: ['I8', 'I10', 'I13'],
    seen: 'The limiter parks the partition and nothing wakes it: its jobs wait for the next deploy.',
    edits: [{ in: 'loadReady', find: 'memory.ready.unpark(task, partition)', replace: '{}' }],
  },
  {
    name: 'partitions are served oldest first, not in turns',
    breaks: ['I10'],
    seen: "One tenant's hundred thousand jobs, and another's ten behind them: BullMQ sells fairness between groups as an extra.",
    edits: [
      {
        in: 'turnsOf',
        find: 'yield next.value',
        replace:
          'for (; next.value && hasRoom(admission, task, one.lane.partition); next = one.waiting.next()) yield next.value',
      },
      { in: 'turnsOf', find: 'again.push(one)', replace: '' },
      {
        in: 'ReadyIndex.#leave',
        find: 'else if (!lane.isParked && lanes.open.size > 1) toBack(lanes.open, partition, lane)',
        replace: '',
      },
    ],
  },
  {
    name: 'the lowest priority is served first',
    breaks: ['I10'],
    seen: 'The sign of a priority differs from queue to queue (in BullMQ 1 is the highest).',
    edits: [{ in: 'ReadyIndex.#order', find: 'b.priority - a.priority', replace: 'a.priority - b.priority' }],
  },
  {
    name: 'an expired job is claimed',
    breaks: ['I3'],
    seen: 'Deadlines that the sweeper alone checks: what is claimed before its next round runs too late.',
    edits: [{ in: 'admit', find: 'failExpired(tx, row) ||', replace: '' }],
  },
  {
    name: 'a job that was started is expired',
    breaks: ['I3'],
    seen: 'A time to live that goes on counting while the job runs and retries (Celery: `expires` of a retried task).',
    edits: [{ in: 'isExpired', find: 'startedAt === null &&', replace: '' }],
  },
]
