/** People who steer: settings, bulk actions (I3, I7). */
import type { Mutant } from '../mutant.ts'

export const steering: readonly Mutant[] = [
  {
    name: 'a pause is forgotten on restart',
    breaks: ['I7', 'I10'],
    seen: 'Paused in memory: the next deploy resumes what somebody stopped for a reason.',
    edits: [
      {
        file: 'ledger/transaction/context.ts',
        find: `settings: facts.read<Settings>('settings') ?? noSettings,`,
        replace: `settings: facts.read<Settings>('settings-of-now') ?? noSettings,`,
      },
    ],
  },
  {
    name: 'newer settings are overwritten by older',
    breaks: ['I7'],
    seen: 'Broadcast without an order: the slower of two calls wins.',
    edits: [
      {
        file: 'ledger/host/core.ts',
        find: 'if (settings.version <= this.settings.version) return false',
        replace: 'if (settings.version === this.settings.version) return false',
      },
    ],
  },
  {
    name: 'a pause holds back nobody who is ready',
    breaks: ['I7'],
    seen: 'A pause that stops the producer alone: what waits already is given out.',
    edits: [
      {
        file: 'ledger/commands/claim.ts',
        find: 'timeoutMs + settleMarginMs <= remainingMs && !isPaused(settings, task)',
        replace: 'timeoutMs + settleMarginMs <= remainingMs && !settings.paused',
      },
    ],
  },
  {
    name: 'what is resumed arms no alarm',
    breaks: ['I8', 'I10'],
    seen: 'Resumed, and woken by the next arrival: on a quiet evening that is tomorrow.',
    edits: [
      {
        file: 'ledger/host/core.ts',
        find: '      turn.need(now + wakeUpPatienceMs)\n      turn.after',
        replace: '      turn.after',
      },
    ],
  },
  {
    name: 'a drained task takes the jobs of its schedules',
    breaks: ['I7'],
    seen: 'Draining that only the front door knows: the deploy that waits for it never comes.',
    edits: [
      {
        file: 'ledger/commands/schedules.ts',
        find: `  if (isDraining(core.standing.settings, one.task.name)) {
    past.skip`,
        replace: `  if (isDraining(core.standing.settings, one.name)) {
    past.skip`,
      },
    ],
  },
  {
    name: 'a bulk action starts over after a restart',
    breaks: ['I3'],
    seen: 'Place kept in memory: each restart begins at the newest job, and redrives what it has redriven.',
    edits: [
      {
        file: 'ledger/commands/bulk.ts',
        find: 'below: isDone ? null : (last ?? null),',
        replace: 'below: isDone ? null : (places.set(core.bulks, last ?? row.below), row.below),',
      },
      {
        file: 'ledger/commands/bulk.ts',
        find: 'core.jobs.search(row.below,',
        replace: 'core.jobs.search(places.get(core.bulks) ?? row.below,',
      },
      {
        file: 'ledger/commands/bulk.ts',
        find: '/** Actions kept for people to look at. */',
        replace: 'const places = new WeakMap<object, string>()\n/** Actions kept for people to look at. */',
      },
    ],
  },
  {
    name: 'a bulk action skips what did not fit into its slice',
    breaks: ['I3'],
    seen: 'Paging by what was read rather than by what was done.',
    edits: [
      {
        file: 'ledger/commands/bulk.ts',
        find: 'const last = isWhole ? searched.at(-1)?.id : slice.at(-1)?.id',
        replace: 'const last = searched.at(-1)?.id',
      },
    ],
  },
  {
    name: 'a redrive in bulk takes what has ended since',
    breaks: ['I3'],
    seen: 'A loop that feeds itself: what was redriven fails, and is redriven.',
    edits: [
      {
        file: 'ledger/commands/bulk.ts',
        find: '(finishedAt ?? 0) <= startedAt',
        replace: '(finishedAt ?? 0) >= 0',
      },
      {
        file: 'ledger/commands/bulk.ts',
        find: 'const isDone = isWhole && searched.length < lookedMax',
        replace: `const isAgain = row.action === 'redrive' && changed > 0 && row.changed < 20
  const isDone = isWhole && searched.length < lookedMax && !isAgain`,
      },
      {
        file: 'ledger/commands/bulk.ts',
        find: 'below: isDone ? null : (last ?? null),',
        replace: `below: isDone ? null : isAgain ? jobIdFloor(core.shard, turn.now + clockSlackMs) : (last ?? null),`,
      },
    ],
  },
]
