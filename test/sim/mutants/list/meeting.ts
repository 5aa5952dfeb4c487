/** Ready work and runners that do not meet: wake-ups, polls (I9, I10, I13). */
import type { Mutant } from '../mutant.ts'

export const meeting: readonly Mutant[] = [
  {
    name: 'unanswered wake-up never sent again',
    breaks: ['I9', 'I10'],
    seen: 'kiribi, superflare: one send, and what the queue loses is lost (`recover()` by hand; prior art 2.7, 2.15).',
    edits: [
      {
        in: 'WakeUps.check',
        find: 'if (isFirst && this.#unanswered > 0)',
        replace: `return { send: 0, startRunner: isFirst }
        if (isFirst && this.#unanswered > 0)`,
      },
    ],
  },
  {
    name: 'poll never released',
    breaks: ['I10', 'I13'],
    seen: 'iterate#1518, #2583: a retained call pins its object, and the clock of the bill runs (prior art 3.4).',
    edits: [
      {
        in: 'Dispatcher.#hold',
        find: 'this.#release(request.runner, false)',
        replace: 'this.#polls.delete(request.runner)',
      },
    ],
  },
  {
    name: 'a runner claims tasks it does not know',
    breaks: ['I10'],
    seen: 'actors: a missing callback leaves the row stuck; a deploy runs two versions for minutes (prior art 2.2, 3.3).',
    edits: [{ in: 'pick', find: 'timeoutMs !== undefined && timeoutMs', replace: '(timeoutMs ?? 0)' }],
  },
  {
    name: 'wake-ups are sent again without a pause',
    breaks: ['I13'],
    seen: 'iterate#2576: a wake loop that sustains itself, three hundred dollars an hour for 28 hours (prior art 3.4).',
    edits: [{ in: 'pauseAfter', returns: 'wakeUpPatienceMs' }],
  },
  {
    name: 'a sweep that cannot go on is tried at once',
    breaks: ['I13'],
    seen: 'agents#1703 and the idle bill of 40 dollars a month: an alarm that rings although nothing can be done (prior art 2.1, 3.4).',
    edits: [{ in: 'LedgerCore.#rest', find: 'now + sweepPauseMs', replace: 'now' }],
  },
]
