/** Schedules: one job a slot, and of every slot an account (I6). */
import type { Mutant } from '../mutant.ts'

export const schedules: readonly Mutant[] = [
  {
    name: 'a slot advanced outside the transaction',
    breaks: ['I6'],
    seen: 'Fire, then remember: a reset between the two fires it again. Every cron table with `last_run` has had it.',
    edits: [
      {
        file: 'ledger/commands/schedules.ts',
        find: '  write(core, turn, { ...row, nextAt, lastJob: last, history: past.text() })',
        replace: '  turn.after(() => write(core, turn, { ...row, nextAt, lastJob: last, history: past.text() }))',
      },
    ],
  },
  {
    name: 'the next slot counted from now',
    breaks: ['I6'],
    seen: 'agents `scheduleEvery`, setInterval: each lateness is added to all that come after.',
    edits: [
      {
        file: 'ledger/commands/schedules.ts',
        find: 'isMore ? (taken[slice.length] ?? null) : (due.next ?? null)',
        replace: `isMore ? (taken[slice.length] ?? null) : 'everyMs' in one.rule ? now + one.rule.everyMs : (due.next ?? null)`,
      },
    ],
  },
  {
    name: 'catching up has no end',
    breaks: ['I6'],
    seen: 'Airflow `catchup=True`: a paused schedule comes back with a year of jobs.',
    edits: [
      {
        file: 'ledger/commands/schedules.ts',
        find: 'row.nextAt ?? now, now, catchUpMax)',
        replace: 'row.nextAt ?? now, now, 100_000)',
      },
    ],
  },
  {
    name: 'catching up is left out',
    breaks: ['I6'],
    seen: 'A cron that matches the present minute alone: what was due while nobody looked is never run.',
    edits: [
      {
        file: 'ledger/commands/schedules.ts',
        find: `if (catchUp === 'all') return { missed: 0, taken: slots }`,
        replace: `if (catchUp === 'all') return { missed: 0, taken: slots.slice(-1) }`,
      },
    ],
  },
  {
    name: 'overlap is ignored while the job runs',
    breaks: ['I6'],
    seen: 'Celery beat: a task slower than its interval piles up.',
    edits: [
      {
        file: 'ledger/commands/schedules.ts',
        find: `if (before && one.overlap === 'skip') {`,
        replace: `if (before && one.overlap === 'skip' && before.state !== 'running') {`,
      },
    ],
  },
  {
    name: 'the new job does not wait for the cancelled one',
    breaks: ['I6'],
    seen: 'Cancelled means asked to: Kubernetes `Replace` deletes the job and starts the next beside the pod that is stopping.',
    edits: [
      {
        file: 'ledger/commands/schedules.ts',
        find: 'insert(turn, one, slot, { id }, running)',
        replace: 'insert(turn, one, slot, { id })',
      },
    ],
  },
  {
    name: 'a schedule arms no alarm',
    breaks: ['I6', 'I8'],
    seen: 'Schedules that live in a row and are looked at when something else happens to ring.',
    edits: [
      {
        file: 'ledger/commands/schedules.ts',
        find: 'if (at !== undefined) turn.need(at)',
        replace: '',
      },
    ],
  },
]
