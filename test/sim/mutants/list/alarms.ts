/** The one alarm: set too late, too far out, or not at all (I1, I8). */
import type { Mutant } from '../mutant.ts'

export const alarms: readonly Mutant[] = [
  {
    name: 'alarm chosen with > now',
    breaks: ['I8', 'I10'],
    seen: 'cloudflare/actors and partywhen: `WHERE time > now` picks the next alarm, so what is overdue never arms it (prior art 0b, 2.2, 2.4).',
    edits: [{ in: 'Dispatcher.#nextAt', find: 'at !== undefined', replace: 'at !== undefined && at > now' }],
  },
  {
    name: 'overdue rows are not loaded on activation',
    breaks: ['I8', 'I10', 'I12'],
    seen: 'The same `time > now` where the rows are read: cloudflare/actors never runs what was due while it slept (prior art 2.2).',
    edits: [
      {
        in: 'opened',
        find: 'loadAbove(books, jobs, now)',
        replace: `loadAbove(books, jobs, now)
        books.dueLoadedTo = { at: now, id: '' }`,
      },
    ],
  },
  {
    name: 'alarm armed after the work',
    breaks: ['I1', 'I8'],
    seen: 'do-queue and iterate#2520: the row is committed, the object is reset, and no alarm was armed yet (prior art 1 no. 6, 3.2).',
    edits: [
      { in: 'LedgerCore.#transact', find: 'this.#options.setAlarm(alarmAt)', replace: '' },
      {
        in: 'LedgerCore.#transact',
        find: 'this.#alarmAt = alarmAt',
        replace: `if (alarmAt !== undefined && alarmAt !== this.#alarmAt) this.#options.setAlarm(alarmAt)
        this.#alarmAt = alarmAt`,
      },
    ],
  },
  {
    name: 'ready work trusts its wake-up',
    breaks: ['I1', 'I8', 'I9'],
    seen: 'kiribi and superflare: the row is written, the send is lost, and nothing else looks after the row (prior art 0a, 2.7, 2.15).',
    edits: [{ in: 'Turn.#needFor', find: 'this.now + wakeUpPatienceMs', replace: 'Number.POSITIVE_INFINITY' }],
  },
  {
    name: 'a later alarm replaces the sooner one',
    breaks: ['I8'],
    seen: 'ironalarm and classic `schedule()`: setAlarm has one slot, and the last caller wins (prior art 2.12, 2.13).',
    edits: [
      {
        in: 'LedgerCore.#transact',
        find: 'this.#alarmAt ?? Number.POSITIVE_INFINITY',
        replace: 'Number.POSITIVE_INFINITY',
      },
    ],
  },
  {
    name: 'an alarm that has rung counts as armed',
    breaks: ['I1', 'I8'],
    seen: 'opennextjs-cloudflare#929: guarded by "is one set?", a past alarm means that none is ever set again (prior art 3.2).',
    edits: [{ in: 'LedgerCore.upkeep', find: 'this.#alarmAt = undefined', replace: '' }],
  },
  {
    name: 'the watchdog trusts an overdue alarm',
    breaks: ['I8', 'I10'],
    seen: 'cloudflare-docs#18324: getAlarm() named a moment of last Friday all weekend, and nothing rang (prior art 3.2).',
    edits: [{ in: 'Dispatcher.wake', find: '&& alarmAt >= now - overdueMs', replace: '' }],
  },
  {
    name: 'alarm that throws',
    breaks: ['I8', 'I10'],
    // The Durable Object around the dispatcher catches too, for an activation that fails: both are missing here.
    seen: 'partywhen, and every handler without a catch: six retries in two minutes, and then the alarm is silently gone (prior art 1 no. 1, 2.4).',
    edits: [
      { in: 'Dispatcher.alarm', find: 'this.#core.setAlarm(now + failedPauseMs)', replace: 'throw error' },
      {
        in: 'LedgerHost.alarm',
        body: `const dispatcher = await this.#open()
        dispatcher.alarm()`,
      },
    ],
  },
  {
    name: 'alarm armed in the constructor',
    breaks: ['I8'],
    seen: 'durable-objects-cron, and the bill of HN 47787042: every start sets the alarm anew and so pushes out the one it had (prior art 2.13, 3.4).',
    edits: [
      {
        in: 'LedgerCore.constructor',
        after: 'if (this.nextUpkeepAt() !== undefined || this.books.ready.size > 0) this.setAlarm(now + deadmanMs)',
      },
    ],
  },
  {
    name: 'the alarm is armed again only at its end',
    breaks: ['I8', 'I10'],
    // The deadman alone is covered for by the platform, which repeats a handler that was reset; so is the catch, by the
    // deadman. An error that is swallowed before either has armed anything is nobody's.
    seen: 'iterate#2520, actors: the alarm that rang is used up, the error is swallowed before the next one is set, and the object sleeps for ever (prior art 0c, 3.2).',
    edits: [
      { in: 'LedgerCore.upkeep', find: 'this.setAlarm(now + deadmanMs)', replace: '' },
      { in: 'Dispatcher.alarm', find: 'this.#core.setAlarm(now + failedPauseMs)', replace: '' },
    ],
  },
  {
    name: 'a lost alarm is armed for the newest job alone',
    breaks: ['I8', 'I10'],
    seen: 'Found here by the simulator; agents#1119 is its sister: what arms for itself alone hides from the watchdog what waits (prior art 2.1).',
    edits: [{ in: 'LedgerCore.#waitingUntil', returns: 'Number.POSITIVE_INFINITY' }],
  },
]
