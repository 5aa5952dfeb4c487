/** People who steer: settings, bulk actions (I3, I7). */
import type { Mutant } from '../mutant.ts'

export const steering: readonly Mutant[] = [
  {
    name: 'a pause is forgotten on restart',
    breaks: ['I7', 'I10'],
    seen: 'Paused in memory: the next deploy resumes what somebody stopped for a reason.',
    edits: [{ in: 'openParts', find: "facts.read<Settings>('settings') ?? noSettings", replace: 'noSettings' }],
  },
  {
    name: 'newer settings are overwritten by older',
    breaks: ['I7'],
    seen: 'Broadcast without an order: the slower of two calls wins.',
    edits: [
      {
        in: 'LedgerCore.adopt',
        find: 'settings.version <= this.settings.version',
        replace: 'settings.version === this.settings.version',
      },
    ],
  },
  {
    name: 'a pause holds back nobody who is ready',
    breaks: ['I7'],
    seen: 'A pause that stops the producer alone: what waits already is given out.',
    edits: [{ in: 'pick', find: 'isPaused(settings, task)', replace: 'settings.paused' }],
  },
  {
    name: 'what is resumed arms no alarm',
    breaks: ['I8', 'I10'],
    seen: 'Resumed, and woken by the next arrival: on a quiet evening that is tomorrow.',
    edits: [{ in: 'LedgerCore.adopt', find: 'turn.need(now + wakeUpPatienceMs)', replace: '' }],
  },
  {
    name: 'a drained task takes the jobs of its schedules',
    breaks: ['I7'],
    seen: 'Draining that only the front door knows: the deploy that waits for it never comes.',
    edits: [{ in: 'fireSlot', find: 'one.task.name', replace: 'one.name' }],
  },
  {
    name: 'a bulk action starts over after a restart',
    breaks: ['I3'],
    seen: 'Place kept in memory: each restart begins at the newest job, and redrives what it has redriven.',
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
    name: 'a bulk action skips what did not fit into its slice',
    breaks: ['I3'],
    seen: 'Paging by what was read rather than by what was done.',
    edits: [
      { in: 'workOff', find: 'isWhole ? searched.at(-1)?.id : slice.at(-1)?.id', replace: 'searched.at(-1)?.id' },
    ],
  },
  {
    name: 'a redrive in bulk takes what has ended since',
    breaks: ['I3'],
    seen: 'A loop that feeds itself: what was redriven fails, and is redriven.',
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
