/** Control by people: settings and bulk actions (I3, I7). */
import type { Mutant } from '../mutant.ts'

export const control: readonly Mutant[] = [
  {
    name: 'a pause is forgotten on restart',
    breaks: ['I7', 'I10'],
    seen: 'A pause kept in memory: the next deploy resumes what somebody had stopped for a reason.',
    edits: [{ in: 'openParts', find: "facts.read<Settings>('settings') ?? noSettings", replace: 'noSettings' }],
  },
  {
    name: 'older settings overwrite newer ones',
    breaks: ['I7'],
    seen: 'A broadcast without an order: the slower of two calls wins.',
    edits: [
      {
        in: 'LedgerCore.adopt',
        find: 'settings.version <= this.settings.version',
        replace: 'settings.version === this.settings.version',
      },
    ],
  },
  {
    name: 'a pause of a task does not hold back its ready jobs',
    breaks: ['I7'],
    seen: 'A pause that stops the producer alone: jobs that wait already are still given out.',
    edits: [{ in: 'pick', find: 'isPaused(settings, task)', replace: 'settings.paused' }],
  },
  {
    name: 'a resume arms no alarm',
    breaks: ['I8', 'I10'],
    seen: 'A resumed task starts with the next arrival: on a quiet evening that is tomorrow.',
    edits: [{ in: 'LedgerCore.adopt', find: 'turn.need(now + wakeUpPatienceMs)', replace: '' }],
  },
  {
    name: 'a drained task accepts jobs from its schedules',
    breaks: ['I7'],
    seen: 'Draining that enqueue alone respects: the deploy that waits for an empty queue never comes.',
    edits: [{ in: 'fireSlot', find: 'one.task.name', replace: 'one.name' }],
  },
  {
    name: 'a bulk action starts over after a restart',
    breaks: ['I3'],
    seen: 'The position is kept in memory: each restart begins at the newest job again, and redrives what was redriven before.',
    edits: [
      { in: 'workOff', find: 'core.jobs.search(row.below', replace: 'core.jobs.search(core.bulks.below ?? row.below' },
      {
        in: 'workOff',
        find: 'isDone ? null : (last ?? null)',
        replace: 'isDone ? null : ((core.bulks.below = last ?? row.below), row.below)',
      },
    ],
  },
  {
    name: 'a bulk action skips jobs that did not fit into its slice',
    breaks: ['I3'],
    seen: 'Paging by what was read instead of by what was done.',
    edits: [
      { in: 'workOff', find: 'isWhole ? searched.at(-1)?.id : slice.at(-1)?.id', replace: 'searched.at(-1)?.id' },
    ],
  },
  {
    name: 'a bulk redrive takes jobs that ended after it began',
    breaks: ['I3'],
    seen: 'A loop that feeds itself: a job that was redriven fails, and is redriven again.',
    edits: [
      { in: 'isOpenTo', find: '&& (finishedAt ?? 0) <= startedAt', replace: '' },
      {
        in: 'workOff',
        find: 'const isDone =',
        replace: `const isAgain = row.action === 'redrive' && changed > 0 && row.changed < 20
        const isDone = !isAgain &&`,
      },
      {
        in: 'workOff',
        find: 'last ?? null',
        replace: 'isAgain ? jobIdFloor(core.shard, turn.now + clockSlackMs) : (last ?? null)',
      },
    ],
  },
]
