/** Schedules: one job a slot, and of every slot an account (I6). */
import type { Mutant } from '../mutant.ts'

export const schedules: readonly Mutant[] = [
  {
    name: 'a slot advanced outside the transaction',
    breaks: ['I6'],
    seen: 'Fire, then remember: a reset between the two fires it again. Every cron table with `last_run` has had it.',
    edits: [
      {
        in: 'fireOne',
        find: 'write(core, turn, { ...row, nextAt, lastJob: last, history: past.text() })',
        replace: 'turn.after(() => write(core, turn, { ...row, nextAt, lastJob: last, history: past.text() }))',
      },
    ],
  },
  {
    name: 'the next slot counted from now',
    breaks: ['I6'],
    seen: 'agents `scheduleEvery`, setInterval: each lateness is added to all that come after.',
    edits: [
      {
        in: 'fireOne',
        find: 'due.next ?? null',
        replace: "'everyMs' in one.rule ? now + one.rule.everyMs : (due.next ?? null)",
      },
    ],
  },
  {
    name: 'catching up has no end',
    breaks: ['I6'],
    seen: 'Airflow `catchup=True`: a paused schedule comes back with a year of jobs.',
    edits: [{ in: 'fireOne', find: 'catchUpMax', replace: '100_000' }],
  },
  {
    name: 'catching up is left out',
    breaks: ['I6'],
    seen: 'A cron that matches the present minute alone: what was due while nobody looked is never run.',
    edits: [{ in: 'chosen', find: 'taken: slots }', replace: 'taken: slots.slice(-1) }' }],
  },
  {
    name: 'overlap is ignored while the job runs',
    breaks: ['I6'],
    seen: 'Celery beat: a task slower than its interval piles up.',
    edits: [
      {
        in: 'fireSlot',
        find: "one.overlap === 'skip'",
        replace: "one.overlap === 'skip' && before.state !== 'running'",
      },
    ],
  },
  {
    name: 'the new job does not wait for the cancelled one',
    breaks: ['I6'],
    seen: 'Cancelled means asked to: Kubernetes `Replace` deletes the job and starts the next beside the pod that is stopping.',
    edits: [{ in: 'fireSlot', find: ', running)', replace: ')' }],
  },
  {
    name: 'a schedule arms no alarm',
    breaks: ['I6', 'I8'],
    seen: 'Schedules that live in a row and are looked at when something else happens to ring.',
    edits: [{ in: 'commands/write', find: 'if (at !== undefined) turn.need(at)', replace: '' }],
  },
]
