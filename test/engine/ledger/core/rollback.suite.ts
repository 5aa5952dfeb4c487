import { describe, expect, test } from 'vitest'
import type { Claimed } from '../../../../src/engine/ledger/protocol/sync.ts'
import {
  completed,
  dayMs,
  failed,
  heartbeatOf,
  hourMs,
  leaseMs,
  limited,
  minuteMs,
  Rig,
  type RigOptions,
  rejected,
  settlementOf,
  type WithStore,
} from '../rig.ts'
import { shardSchedule } from '../shard-schedules.ts'

interface Scene {
  readonly verb: string
  /** Prepares a ledger and returns the call of the verb. */
  readonly before: (rig: Rig) => () => unknown
  readonly options?: RigOptions
}

const scenes: Scene[] = [
  { verb: 'enqueue of the first job', before: (rig) => () => rig.enqueue() },
  {
    verb: 'enqueue of many kinds',
    before: (rig) => {
      rig.enqueue({ delayMs: hourMs })
      rig.ring()
      const jobs = [
        rig.job({ key: 'k' }),
        rig.job({ delayMs: 5 }),
        rig.job({ input: JSON.stringify('x'.repeat(200_000)) }),
        rig.job({ start: { kind: 'claim', runner: 'i', leaseMs } }),
        rig.job({ maxAttempts: 1, start: { kind: 'ended', outcome: failed, ranMs: 1 } }),
      ]
      return () => rig.enqueueAll(jobs)
    },
    options: { policies: { send: { onFailed: true } } },
  },
  {
    verb: 'a sync that does everything',
    before: (rig) => {
      rig.enqueueAll(Array.from({ length: 8 }, () => rig.job({ maxAttempts: 1 })))
      const [a, b, c, d] = rig.sync({ want: 4 }).claimed as [Claimed, Claimed, Claimed, Claimed]
      rig.pass(20_000)
      // The fourth is not held, so it is refunded. The third reports progress, and its lease is extended.
      const settle = [settlementOf(a, completed), settlementOf(b, failed)]
      const heartbeats = [{ ...heartbeatOf(c), progress: { value: 0.5 } }]
      return () => rig.sync({ seq: 2, ack: 1, settle, heartbeats, want: 2, tasks: { send: 1 } }) && d
    },
    options: { policies: { send: { onFailed: true } } },
  },
  {
    verb: "a runner's last sync",
    before: (rig) => {
      rig.enqueue()
      const claimed = rig.claim()
      rig.pass(20_000)
      rig.sync({ seq: 2, heartbeats: [heartbeatOf(claimed)] })
      return () => rig.sync({ seq: 3, settle: [settlementOf(claimed, rejected)], done: true })
    },
  },
  {
    verb: 'cancel',
    before: (rig) => {
      const id = rig.enqueue()
      return () => rig.run('cancel', id)
    },
  },
  {
    verb: 'redrive',
    before: (rig) => {
      const id = rig.enqueue()
      rig.settle(rig.claim(), rejected)
      rig.pass(hourMs)
      return () => rig.run('redrive', { id })
    },
  },
  {
    verb: 'a claim under limits that settles and fills a slot',
    before: (rig) => {
      rig.enqueueAll(Array.from({ length: 6 }, (_, n) => rig.job({ partition: n % 2 ? 'a' : 'b' })))
      const [first, second] = rig.sync({ want: 2 }).claimed as [Claimed, Claimed]
      rig.sync({ runner: 'r2', want: 1 })
      return () =>
        rig.sync({ seq: 2, settle: [settlementOf(first, completed)], heartbeats: [heartbeatOf(second)], want: 5 })
    },
    options: {
      policies: {
        send: limited({
          rateLimit: { limit: 9, per: minuteMs },
          perPartition: { concurrency: 1, rateLimit: { limit: 3, per: minuteMs } },
        }),
      },
    },
  },
  {
    verb: 'enqueue of calls that join, renew, follow and take over',
    before: (rig) => {
      const rerun = (key: string) => ({ key, unique: { kind: 'rerun' } as const, input: String(rig.random()) })
      rig.enqueueAll(
        ['waits', 'runs', 'done'].map((key) => rig.job({ ...rerun(key), priority: key === 'waits' ? -1 : 1 })),
      )
      const [, done] = rig.sync({ want: 2 }).claimed as [Claimed, Claimed]
      rig.sync({ seq: 2, ack: 0, settle: [settlementOf(done, completed)] })
      const jobs = ['waits', 'runs', 'done', 'new'].map((key) => rig.job(rerun(key)))
      return () => rig.enqueueAll(jobs)
    },
  },
  {
    verb: 'a settlement that releases a follower',
    before: (rig) => {
      const call = (input: string) => rig.enqueue({ key: 'k', unique: { kind: 'rerun' }, input })
      call('1')
      const claimed = rig.claim()
      call('2')
      return () => rig.sync({ seq: 2, settle: [settlementOf(claimed, rejected)], want: 1, done: false })
    },
    options: { policies: { send: { onFailed: true } } },
  },
  {
    verb: 'update',
    before: (rig) => {
      const id = rig.enqueue({ delayMs: hourMs })
      return () => rig.run('update', { id, priority: 3, delayMs: minuteMs })
    },
  },
  {
    verb: 'a change of the settings',
    before: (rig) => {
      rig.enqueue()
      return () => rig.run('change', { kind: 'pause' })
    },
  },
  {
    verb: 'a bulk action that begins',
    before: (rig) => {
      rig.enqueue()
      return () => rig.run('bulk', { id: 'b', action: 'cancel', filter: {} })
    },
  },
  {
    verb: 'a schedule that is triggered',
    before: (rig) => {
      rig.core.reconcile(rig.now)
      const { id } = rig.job()
      return () => rig.run('triggerSchedule', { name: 'tick', id, key: 'k' })
    },
    options: { schedules: [shardSchedule()] },
  },
  {
    verb: 'a schedule that resumes after a pause',
    before: (rig) => {
      rig.core.reconcile(rig.now)
      rig.run('controlSchedule', { name: 'tick', action: 'pause' })
      rig.pass(hourMs)
      return () => rig.run('controlSchedule', { name: 'tick', action: 'resume' })
    },
    options: { schedules: [shardSchedule()] },
  },
]

export function rollbackSuite(withStore: WithStore): void {
  describe('a transaction that fails at any of its statements', () => {
    test.each(scenes)('leaves rows, memory and alarm as they were: $verb', ({ before, options }) =>
      withStore((store) => {
        const rig = new Rig(store, options)
        const verb = before(rig)
        rig.core.load(rig.now)
        const snapshot = rig.everything()
        let failures = 0
        for (let nth = 1; ; nth++) {
          // settlingEach repeats a failed sync. Every statement from the n-th on fails, so that no repeat succeeds.
          rig.failFrom = nth
          try {
            verb()
            break
          } catch (error) {
            expect(String(error)).toContain('disk I/O error')
            failures++
          } finally {
            rig.failFrom = undefined
          }
          expect(rig.everything(), `after statement ${nth} failed`).toEqual(snapshot)
        }
        expect(failures).toBeGreaterThan(0)
        expect(rig.everything()).not.toEqual(snapshot)
        expect(rig.broken()).toEqual([])
      }),
    )

    test('a sync that fails once settles what it can and keeps every promise', () =>
      withStore((store) => {
        for (let nth = 1; nth < 40; nth++) {
          const tables = ['schema_versions', 'jobs', 'runners', 'facts', 'limits', 'schedules', 'bulks']
          for (const table of [...tables, 'minute_stats']) store.sql.all(`DROP TABLE IF EXISTS ${table}`)
          const rig = new Rig(store)
          rig.enqueueAll([rig.job(), rig.job(), rig.job()])
          const [a, b] = rig.sync({ want: 2 }).claimed as [Claimed, Claimed]
          rig.failingIn = nth
          try {
            rig.sync({ seq: 2, settle: [settlementOf(a, completed)], heartbeats: [heartbeatOf(b)], want: 1 })
          } catch (error) {
            expect(String(error)).toContain('disk I/O error')
          }
          rig.failingIn = undefined
          expect(rig.broken(), `after statement ${nth} failed`).toEqual([])
          rig.sync({ seq: 2, settle: [settlementOf(a, completed)], heartbeats: [heartbeatOf(b)], want: 1 })
          expect(['completed', 'retrying']).toContain(rig.state(a.id))
          expect(rig.broken()).toEqual([])
        }
      }))

    test('maintenance that fails at any of its statements continues from where it was, with the alarm armed', () =>
      withStore((store) => {
        const rig = new Rig(store, { policies: { draw: { retentionMs: hourMs } } })
        rig.enqueue({ task: 'draw' })
        rig.settle(rig.claim(), completed)
        rig.enqueueAll([rig.job(), rig.job({ delayMs: minuteMs }), rig.job()])
        rig.sync({ runner: 'dead', want: 1 })
        rig.pass(2 * hourMs)
        for (let nth = 1; ; nth++) {
          rig.failFrom = nth
          try {
            rig.core.maintain(rig.now)
            break
          } catch {
            // A dispatcher does the same after an alarm that failed.
            rig.core.arm(rig.now + leaseMs)
          } finally {
            rig.failFrom = undefined
          }
          rig.core.load(rig.now)
          expect(rig.memory(), `after statement ${nth} failed`).toEqual(rig.memoryAfterRestart())
        }
        rig.ring()
        expect(rig.core.memory.counts.total()).toMatchObject({ running: 0, completed: 0 })
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('the alarm', () => {
    test('is kept when it rings early enough, because arming it again would write a row', () =>
      withStore((store) => {
        const rig = new Rig(store)
        rig.enqueue()
        const armed = rig.alarmAt
        rig.pass(100)
        rig.enqueue()
        rig.claim()
        rig.enqueue({ delayMs: hourMs })
        expect(rig.alarmAt).toBe(armed)
      }))

    test('moves forward for a job that needs it sooner', () =>
      withStore((store) => {
        const rig = new Rig(store)
        const dueIn = [dayMs, hourMs, minuteMs, 2 * hourMs].map((delayMs) => {
          rig.enqueue({ delayMs })
          return (rig.alarmAt ?? 0) - rig.now
        })
        expect(dueIn).toEqual([dayMs, hourMs, minuteMs, minuteMs])
      }))

    test('is not armed when a ledger restarts, whatever waits in it', () =>
      withStore((store) => {
        const rig = new Rig(store)
        rig.enqueue()
        const armed = rig.alarmAt
        rig.pass(hourMs)
        rig.restart()
        expect(rig.alarmAt).toBe(armed)
        expect(rig.core.alarmAt).toBe(armed)
      }))

    test('is needed for overdue work and not only for future work', () =>
      withStore((store) => {
        const rig = new Rig(store)
        rig.enqueue({ delayMs: minuteMs })
        rig.pass(hourMs)
        rig.restart()
        rig.core.load(rig.now)
        rig.claim()
        rig.pass(hourMs)
        expect(rig.core.nextMaintenanceAt).toBeLessThan(rig.now)
      }))

    test('does nothing in a ledger with nothing to do', () =>
      withStore((store) => {
        const rig = new Rig(store)
        const before = rig.rowsWritten
        rig.core.maintain(rig.now)
        expect(rig.rowsWritten).toBe(before)
        expect(rig.core.nextMaintenanceAt).toBeUndefined()
      }))
  })
}
