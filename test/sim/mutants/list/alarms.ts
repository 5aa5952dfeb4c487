/** The one alarm of a ledger: armed after the work, for too late a time, or not at all (I1, I8). */
import type { Mutant } from '../mutant.ts'

export const alarms: readonly Mutant[] = [
  {
    name: 'the next alarm is chosen with > now',
    breaks: ['I8', 'I10'],
    seen: 'cloudflare/actors and partywhen: `WHERE time > now` picks the next alarm, so overdue work never arms it.',
    edits: [{ in: 'nextAlarmAt', find: 'at !== undefined', replace: 'at !== undefined && at > now' }],
  },
  {
    name: 'overdue rows are not loaded on activation',
    breaks: ['I8', 'I10', 'I12'],
    seen: 'The same `time > now` where rows are read: cloudflare/actors never runs what became due while the object slept.',
    edits: [
      {
        in: 'loadMemory',
        find: 'loadAbove(memory, jobs, now)',
        replace: `loadAbove(memory, jobs, now)
        memory.dueLoadedTo = { at: now, id: '' }`,
      },
    ],
  },
  {
    name: 'the alarm is armed after the work',
    breaks: ['I1', 'I8'],
    seen: 'do-queue and iterate#2520: the row is committed, the object is reset, and no alarm has been armed yet.',
    edits: [
      { in: 'Alarm.armWithin', find: 'this.#set(earliest)', replace: '' },
      // What it answers is done once the transaction has committed.
      {
        in: 'Alarm.armWithin',
        find: 'this.#at = earliest',
        replace: `this.#set(earliest)
        this.#at = earliest`,
      },
    ],
  },
  {
    name: 'ready work relies on its wake-up alone',
    breaks: ['I1', 'I8', 'I9'],
    seen: 'kiribi and superflare: the row is written, the send is lost, and nothing else looks after the row.',
    edits: [{ in: 'Transaction.#armFor', find: 'this.now + wakeUpTimeoutMs', replace: 'Number.POSITIVE_INFINITY' }],
  },
  {
    name: 'a later alarm replaces an earlier one',
    breaks: ['I8'],
    seen: 'ironalarm and `schedule()` of cloudflare/agents: there is one alarm, and the last caller of setAlarm wins.',
    edits: [{ in: 'Alarm.armWithin', find: '|| this.isBefore(at)', replace: '' }],
  },
  {
    name: 'an alarm that has rung counts as armed',
    breaks: ['I1', 'I8'],
    seen: 'opennextjs-cloudflare#929: an alarm is set only if none is set, and a past one counts as set, so none is ever set again.',
    edits: [{ in: 'Alarm.onRung', body: '' }],
  },
  {
    name: 'the watchdog trusts an overdue alarm',
    breaks: ['I8', 'I10'],
    seen: 'cloudflare-docs#18324: getAlarm() returned a time on the Friday before all weekend, and the alarm never rang.',
    edits: [{ in: 'Dispatcher.wake', find: '&& alarmAt >= now - overdueMs', replace: '' }],
  },
  {
    name: 'the alarm handler throws',
    breaks: ['I8', 'I10'],
    // The host around the dispatcher also catches errors, for an activation that fails. Both are missing here.
    seen: 'partywhen, and every handler without a catch: six retries in two minutes, and then the alarm is silently gone.',
    edits: [
      { in: 'Dispatcher.alarm', find: 'this.#core.arm(now + failedPauseMs)', replace: 'throw error' },
      {
        in: 'LedgerHost.alarm',
        body: `const dispatcher = await this.#open()
        dispatcher.alarm()`,
      },
    ],
  },
  {
    name: 'the constructor arms the alarm',
    breaks: ['I8'],
    seen: 'durable-objects-cron, and a bill of 34,895 dollars (Hacker News 47787042): every start sets the alarm anew and so postpones it.',
    edits: [
      {
        in: 'LedgerCore.constructor',
        after: 'if (this.nextMaintenanceAt !== undefined || this.memory.ready.size > 0) this.arm(now + 30_000)',
      },
    ],
  },
  {
    name: 'the next alarm is armed only at the end of the handler',
    breaks: ['I8', 'I10'],
    // Without the alarm at the beginning, the platform still repeats a handler that was reset. Without the alarm in the
    // catch block, the one at the beginning still rings. Without both, nothing rings after an error that was caught.
    seen: 'iterate#2520 and cloudflare/actors: the alarm has rung, an error is swallowed before the next one is set, and the object sleeps for ever.',
    edits: [
      { in: 'Maintenance.run', find: 'this.#alarm.arm(now + deadmanMs)', replace: '' },
      { in: 'Dispatcher.alarm', find: 'this.#core.arm(now + failedPauseMs)', replace: '' },
    ],
  },
  {
    name: 'a lost alarm is armed again for the newest job alone',
    breaks: ['I8', 'I10'],
    seen: 'Found here by the simulator, and close to cloudflare/agents#1119: arming for the new job alone hides from the watchdog the jobs that waited before.',
    edits: [{ in: 'waitingAt', returns: 'Number.POSITIVE_INFINITY' }],
  },
]
