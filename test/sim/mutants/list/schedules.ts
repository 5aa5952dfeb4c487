/** Schedules: one job for each slot, and a record of what became of every slot (I6). */
import type { Mutant } from '../mutant.ts'

export const schedules: readonly Mutant[] = [
  {
    name: 'a slot advances outside the transaction',
    breaks: ['I6'],
    seen: 'Fire, then remember: a reset between the two fires the slot again, as in every cron table with a `last_run`.',
    edits: [
      {
        in: 'fireSchedule',
        find: 'writeSchedule(tx, { ...row, nextAt, lastJob: last, history: history.text })',
        replace: 'tx.onCommit(() => writeSchedule(tx, { ...row, nextAt, lastJob: last, history: history.text }))',
      },
    ],
  },
  {
    name: 'the next slot is counted from now',
    breaks: ['I6'],
    seen: '`scheduleEvery` of cloudflare/agents, and setInterval: each delay is added to every later slot.',
    edits: [
      {
        in: 'fireSchedule',
        find: 'due.next ?? null',
        replace: "'everyMs' in schedule.rule ? now + schedule.rule.everyMs : (due.next ?? null)",
      },
    ],
  },
  {
    name: 'catching up has no limit',
    breaks: ['I6'],
    seen: 'Airflow with `catchup=True`: a schedule that was paused comes back with a year of jobs.',
    edits: [{ in: 'fireSchedule', find: ', catchUpMax)', replace: ', 100_000)' }],
  },
  {
    name: 'catching up is left out',
    breaks: ['I6'],
    seen: 'A cron that matches the present minute alone: slots that came while nothing looked are never run.',
    edits: [{ in: 'chosenSlots', find: 'chosen: slots }', replace: 'chosen: slots.slice(-1) }' }],
  },
  {
    name: 'overlap is ignored while the job runs',
    breaks: ['I6'],
    seen: 'Celery beat: a task that is slower than its interval piles up.',
    edits: [
      {
        in: 'fireSlot',
        find: "schedule.overlap === 'skip'",
        replace: "schedule.overlap === 'skip' && before.state !== 'running'",
      },
    ],
  },
  {
    name: 'the new job does not wait for the cancelled one',
    breaks: ['I6'],
    seen: 'A cancellation is a request: Kubernetes `Replace` deletes the job and starts the next one beside the pod that is still stopping.',
    edits: [{ in: 'fireSlot', find: ', running)', replace: ')' }],
  },
  {
    name: 'a schedule arms no alarm',
    breaks: ['I6', 'I8'],
    seen: 'Schedules that are rows alone, and are looked at when something else happens to ring.',
    edits: [{ in: 'writeSchedule', find: 'if (at !== undefined) tx.armBy(at)', replace: '' }],
  },
]
