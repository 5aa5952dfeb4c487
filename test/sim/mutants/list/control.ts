/** Control by people: settings and bulk actions (I3, I7). */
import type { Mutant } from '../mutant.ts'

export const control: readonly Mutant[] = [
  {
    name: 'a pause is forgotten on restart',
    breaks: ['I7', 'I10'],
    seen: 'A pause kept in memory: the next deploy resumes what somebody had stopped for a reason.',
    edits: [{ in: 'openContext', find: "facts.read<Settings>('settings') ?? noSettings", replace: 'noSettings' }],
  },
  {
    name: 'older settings overwrite newer ones',
    breaks: ['I7'],
    seen: 'A broadcast without an order: the slower of two calls wins.',
    // The watchdog's call looks at the version too, before it takes what the watchdog has brought. Both are missing here.
    edits: [
      {
        in: 'adoptSettings',
        find: 'newer.version <= cached.settings.version',
        replace: 'newer.version === cached.settings.version',
      },
      {
        in: 'Dispatcher.wake',
        find: 'settings.version > this.#core.settings.version',
        replace: 'settings.version !== this.#core.settings.version',
      },
    ],
  },
  {
    name: 'a pause of a task does not hold back its ready jobs',
    breaks: ['I7'],
    seen: 'A pause that stops the producer alone: jobs that wait already are still given out.',
    edits: [{ in: 'pick', find: 'isPaused(cached.settings, task)', replace: 'cached.settings.paused' }],
  },
  {
    name: 'a resume arms no alarm',
    breaks: ['I8', 'I10'],
    seen: 'A resumed task starts with the next arrival: on a quiet evening that is tomorrow.',
    edits: [{ in: 'adoptSettings', find: 'tx.armBy(tx.now + wakeUpTimeoutMs)', replace: '' }],
  },
  {
    name: 'a drained task accepts jobs from its schedules',
    breaks: ['I7'],
    seen: 'Draining that enqueue alone respects: the deploy that waits for an empty queue never comes.',
    edits: [{ in: 'fireSlot', find: 'schedule.task.name', replace: 'schedule.name' }],
  },
  {
    name: 'a bulk action starts over after a restart',
    breaks: ['I3'],
    seen: 'The position is kept in memory: each restart begins at the newest job again, and redrives what was redriven before.',
    edits: [
      { in: 'continueBulk', find: 'jobs.search(row.below', replace: 'jobs.search(bulks.below ?? row.below' },
      {
        in: 'continueBulk',
        find: 'isDone ? null : (last ?? null)',
        replace: 'isDone ? null : ((bulks.below = last ?? row.below), row.below)',
      },
    ],
  },
  {
    name: 'a bulk action skips jobs that did not fit into its slice',
    breaks: ['I3'],
    seen: 'Paging by what was read instead of by what was done.',
    edits: [
      { in: 'continueBulk', find: 'isWhole ? searched.at(-1)?.id : slice.at(-1)?.id', replace: 'searched.at(-1)?.id' },
    ],
  },
  {
    name: 'a bulk redrive takes jobs that ended after it began',
    breaks: ['I3'],
    seen: 'A loop that feeds itself: a job that was redriven fails, and is redriven again.',
    edits: [
      { in: 'isOpenTo', find: '&& (finishedAt ?? 0) <= startedAt', replace: '' },
      {
        in: 'continueBulk',
        find: 'const isDone =',
        replace: `const isAgain = row.action === 'redrive' && changed > 0 && row.changed < 20
        const isDone = !isAgain &&`,
      },
      {
        in: 'continueBulk',
        find: 'last ?? null',
        replace: 'isAgain ? jobIdFloor(shard, tx.now + idAheadMsMax) : (last ?? null)',
      },
    ],
  },
]
