/** Wake-ups and held polls: ready work that finds no runner, or wakes too many (I9, I10, I13). */
import type { Mutant } from '../mutant.ts'

export const wakeUps: readonly Mutant[] = [
  {
    name: 'an unanswered wake-up is never sent again',
    breaks: ['I9', 'I10'],
    seen: 'kiribi and superflare: there is one send, and what the queue loses stays lost until a person calls `recover()`.',
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
    name: 'a held poll is never released',
    breaks: ['I10', 'I13'],
    seen: 'iterate#1518 and #2583: a retained call keeps its object in memory, and its duration is billed.',
    edits: [{ in: 'HeldPolls.#expire', body: 'this.#polls.delete(runner)' }],
  },
  {
    name: 'a runner claims tasks that it does not know',
    breaks: ['I10'],
    seen: 'cloudflare/actors: a missing callback leaves the row stuck; a deploy runs two versions side by side for minutes.',
    edits: [{ in: 'pick', find: 'timeoutMs !== undefined && timeoutMs', replace: '(timeoutMs ?? 0)' }],
  },
  {
    name: 'wake-ups are sent again without a pause',
    breaks: ['I13'],
    seen: 'iterate#2576: a wake loop that kept itself going, at three hundred dollars an hour for 28 hours.',
    edits: [{ in: 'pauseAfter', returns: 'wakeUpTimeoutMs' }],
  },
  {
    name: 'a sweep that made no progress is tried again at once',
    breaks: ['I13'],
    seen: 'cloudflare/agents#1703, and a bill of 40 dollars a month for an idle object: an alarm rings although there is nothing to do.',
    edits: [{ in: 'Maintenance.#sweepSlice', find: 'now + sweepPauseMs', replace: 'now' }],
  },
]
