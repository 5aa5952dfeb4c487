/** Limits, turns, deadlines: what may start, and who is next (I7, I10). */
import type { Mutant } from '../mutant.ts'

export const limits: readonly Mutant[] = [
  {
    name: 'the rate limiter forgets its log on restart',
    breaks: ['I7'],
    seen: 'Limiters in memory, beside the rows: after each deploy and eviction the whole limit is there again.',
    edits: [{ in: 'Limits.#stored', returns: '[]' }],
  },
  {
    name: 'the rate limiter counts what has ended',
    breaks: ['I7'],
    seen: 'Counted where the result comes in: as long as nothing has ended, everything may start.',
    edits: [
      { in: 'commands/claim', find: 'core.limits.started(turn, rows)', replace: '' },
      {
        in: 'commands/settle',
        find: 'turn.change(row, next)',
        replace: 'core.limits.started(turn, [turn.change(row, next)])',
      },
    ],
  },
  {
    name: 'a fixed window in place of a sliding one',
    breaks: ['I7'],
    seen: 'The oldest limiter there is, a counter a minute: twice the limit around each edge.',
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
    name: 'a start at once goes past the limits',
    breaks: ['I7'],
    seen: 'Limits that only the queue consults: what the caller runs itself is not counted (BullMQ: `rateLimit` holds workers alone).',
    edits: [
      {
        in: 'isAdmitted',
        find: 'admission.room(task) >= 1 && admission.roomOf(task, partition) >= 1',
        replace: 'admission.room(task) >= 0 && admission.roomOf(task, partition) >= 0',
      },
    ],
  },
  {
    name: 'a freed place is counted twice',
    breaks: ['I7'],
    seen: 'A semaphore that is released by the answer and by the sweeper: one too many runs from then on.',
    edits: [{ in: 'Limits.#room', find: '+ ended(group)', replace: '+ 2 * ended(group)' }],
  },
  {
    name: 'a lapse opens no parked partition',
    breaks: ['I8', 'I10'],
    seen: 'Found here by the simulator: the one that ran has died, its place is free, and nobody looks at who waits for it.',
    edits: [{ in: 'Books.mirror', find: "after.state !== 'running'", replace: "after.state === 'completed'" }],
  },
  {
    name: 'time opens no parked partition',
    breaks: ['I8', 'I10', 'I13'],
    seen: 'Parked by the limiter, woken by nobody: what waits for its turn waits for the next deploy.',
    edits: [{ in: 'LedgerCore.load', find: 'this.books.ready.unpark(task, partition)', replace: '{}' }],
  },
  {
    name: 'partitions are served oldest first, not in turns',
    breaks: ['I10'],
    seen: "One tenant's hundred thousand jobs, and another's ten behind them: group fairness is what BullMQ sells by itself.",
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
    seen: 'Every queue has the other sign than the last one its user knew (BullMQ: 1 is the highest).',
    edits: [{ in: 'ReadyIndex.#order', find: 'b.priority - a.priority', replace: 'a.priority - b.priority' }],
  },
  {
    name: 'an expired job is claimed',
    breaks: ['I3'],
    seen: 'Deadlines that a sweeper alone looks at: what is claimed before its round runs too late.',
    edits: [{ in: 'claimable', find: 'expire(core, turn, row) ||', replace: '' }],
  },
  {
    name: 'a job that was started is expired',
    breaks: ['I3'],
    seen: 'A time to live that counts on while the job runs and retries (Celery: `expires` of a retried task).',
    edits: [{ in: 'isExpired', find: 'startedAt === null &&', replace: '' }],
  },
]
