/** How schedules follow the code, and what a slot makes. schedule-control.suite.ts is about what people do to one. */
import { describe, expect, test } from 'vitest'
import { dayMs, hourMs, minuteMs, Rig, type RigOptions, type WithStore } from '../rig.ts'
import { type ShardScheduleOptions, shardSchedule, slotsOf, workOff } from '../shard-schedules.ts'

export function schedulesSuite(withStore: WithStore): void {
  /** A rig whose code has these schedules, reconciled. */
  const rigged = (schedules: ShardScheduleOptions[], work: (rig: Rig) => void, options: RigOptions = {}) =>
    withStore((store) => {
      const rig = new Rig(store, { ...options, schedules: schedules.map(shardSchedule) })
      rig.core.reconcile(rig.now)
      work(rig)
    })
  const only = (rig: Rig) => rig.run('schedules')[0]
  /** Rings the alarm at each slot and completes the job of the slot. */
  const passFiring = (rig: Rig, ms: number) => {
    const until = rig.now + ms
    for (let at = only(rig)?.nextAt ?? until; at <= until; at = only(rig)?.nextAt ?? Infinity) {
      rig.now = Math.max(rig.now, rig.alarmAt ?? at, at)
      rig.ring()
      workOff(rig)
    }
    rig.now = until
  }

  describe('reconcile', () => {
    test('gives a new schedule its next slot and arms the alarm for it', () =>
      rigged([{}], (rig) => {
        expect(only(rig)).toMatchObject({ state: 'active', nextAt: rig.now + minuteMs, history: [] })
        expect(rig.alarmAt).toBe(rig.now + minuteMs)
        expect(rig.broken()).toEqual([])
      }))

    test('keeps the cadence of an unchanged schedule and writes nothing', () =>
      rigged([{}], (rig) => {
        rig.pass(59_000)
        const before = rig.rowsWritten
        rig.deploy({})
        expect(rig.rowsWritten).toBe(before)
        expect(only(rig)?.nextAt).toBe(rig.now + 1_000)
      }))

    test.each<{ what: string; now: ShardScheduleOptions; nextIn: number; because: string }>([
      { what: 'another interval', now: { every: '10m' }, nextIn: 10 * minuteMs, because: 'it counts from the deploy' },
      { what: 'a cron rule', now: { cron: '0 * * * *' }, nextIn: 800_000 - 30_000, because: 'the rule names the time' },
      { what: 'another jitter', now: { jitter: '30s' }, nextIn: minuteMs, because: 'jitter is part of the rule' },
      { what: 'another input', now: { input: 2 }, nextIn: 30_000, because: 'input leaves its slots alone' },
      {
        what: 'another policy',
        now: { overlap: 'allow', catchUp: 'all' },
        nextIn: 30_000,
        because: 'a policy leaves its slots alone',
      },
      { what: 'another task', now: { task: 'draw' }, nextIn: 30_000, because: 'the task leaves its slots alone' },
    ])('of a schedule with $what sets its next slot in $nextIn ms, because $because', ({ now, nextIn }) =>
      rigged([{}], (rig) => {
        rig.pass(30_000)
        rig.deploy({ schedules: [shardSchedule(now)] })
        expect((only(rig)?.nextAt ?? 0) - rig.now).toBe(nextIn)
        rig.passRinging(nextIn + 30_000)
        const [row] = rig.rows()
        expect(row).toMatchObject({ input: JSON.stringify(now.input ?? 1), task: now.task ?? 'send' })
        expect(rig.broken()).toEqual([])
      }),
    )

    test.each<{ how: string; gone: RigOptions; back: RigOptions; stopped: string }>([
      {
        how: 'removed',
        gone: { schedules: [] },
        back: { schedules: [shardSchedule()] },
        stopped: 'removed',
      },
      {
        how: 'left without its task',
        gone: { serves: () => false },
        back: { serves: () => true },
        stopped: 'unknown-task',
      },
    ])(
      'stops a schedule that was $how, and starts it again when it is back, without the slots it missed',
      ({ gone, back, stopped }) =>
        rigged([{ every: '10m' }], (rig) => {
          const anchor = rig.now
          passFiring(rig, 10 * minuteMs)
          rig.deploy(gone)
          expect(only(rig)).toMatchObject({ state: 'stopped', stopped, next: [], history: [{ slot: rig.now }] })
          rig.passRinging(35 * minuteMs)
          expect(rig.rows()).toHaveLength(1)
          rig.deploy(stopped === 'removed' ? { schedules: [shardSchedule({ every: '10m' })] } : back)
          expect(only(rig)).toMatchObject({ state: 'active', nextAt: anchor + 50 * minuteMs })
          passFiring(rig, 10 * minuteMs)
          expect(slotsOf(rig)).toEqual([anchor + 10 * minuteMs, anchor + 50 * minuteMs])
          expect(rig.broken()).toEqual([])
        }),
    )

    test('keeps a schedule paused and keeps its history when its rule changes', () =>
      rigged([{}], (rig) => {
        passFiring(rig, minuteMs)
        rig.run('controlSchedule', { name: 'tick', action: 'pause' })
        rig.deploy({ schedules: [shardSchedule({ every: '5m' })] })
        expect(only(rig)).toMatchObject({ state: 'paused', next: [], history: [{ job: expect.any(String) }] })
        rig.passRinging(hourMs)
        expect(rig.rows()).toHaveLength(1)
      }))

    test('that fails in the middle is done completely the next time', () =>
      withStore((store) => {
        const rig = new Rig(store, { schedules: [shardSchedule(), shardSchedule({ name: 'tock' })] })
        for (let nth = 1; nth < 20; nth++) {
          rig.failFrom = nth
          try {
            rig.core.reconcile(rig.now)
            break
          } catch (error) {
            expect(String(error)).toContain('disk I/O error')
          } finally {
            rig.failFrom = undefined
          }
          expect(rig.run('schedules')).toEqual([])
        }
        expect(rig.run('schedules')).toHaveLength(2)
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('a slot', () => {
    test('makes a job that names its schedule and slot and has the options of the schedule', () =>
      rigged([{ priority: 4, tags: ['nightly'], expiresIn: '30s', partition: 'p', input: { a: 1 } }], (rig) => {
        rig.pass(minuteMs)
        rig.ring()
        const [row] = rig.rows()
        expect(rig.record(row?.id ?? '')).toMatchObject({
          task: 'send',
          state: 'queued',
          priority: 4,
          tags: ['nightly'],
          partition: 'p',
          input: { a: 1 },
          expiresAt: rig.now + 30_000,
          schedule: { name: 'tick', slot: rig.now },
        })
        expect(rig.claim()).toMatchObject({ partition: 'p', schedule: { name: 'tick', slot: rig.now } })
        expect(only(rig)).toMatchObject({ nextAt: rig.now + minuteMs, history: [{ job: row?.id, slot: rig.now }] })
      }))

    test('I6: makes one job under doubled alarms, restarts and clocks that step back', () =>
      rigged([{ overlap: 'allow' }], (rig) => {
        const anchor = rig.now
        for (let n = 1; n <= 5; n++) {
          rig.now = anchor + n * minuteMs
          rig.ring()
          rig.ring()
          rig.restart()
          rig.ring()
          rig.pass(-30_000)
          rig.ring()
          rig.pass(40_000)
          rig.ring()
        }
        expect(slotsOf(rig)).toEqual([1, 2, 3, 4, 5].map((n) => anchor + n * minuteMs))
        expect(rig.broken()).toEqual([])
      }))

    test('I6: makes one job although any of its statements fails and the object restarts', () =>
      rigged(
        [
          { overlap: 'allow', catchUp: 'all' },
          { name: 'tock', every: '90s', overlap: 'cancel' },
        ],
        (rig) => {
          const anchor = rig.now
          for (let nth = 1; nth <= 12; nth++) {
            rig.now = anchor + nth * 90_000
            rig.failFrom = nth
            try {
              rig.core.maintain(rig.now)
            } catch (error) {
              expect(String(error)).toContain('disk I/O error')
            }
            rig.failFrom = undefined
            rig.restart()
            rig.ring()
            expect(rig.broken(), `after statement ${nth} failed`).toEqual([])
          }
          const slots = (name: string) => rig.rows().flatMap((row) => (row.schedule === name ? [row.slot] : []))
          expect(slots('tick').sort()).toEqual(Array.from({ length: 18 }, (_, n) => anchor + (n + 1) * minuteMs))
          expect(slots('tock').sort()).toEqual(Array.from({ length: 12 }, (_, n) => anchor + (n + 1) * 90_000))
        },
      ))

    test('fires later by a fixed jitter and still stands for the time of the rule', () =>
      rigged([{ jitter: '30s' }], (rig) => {
        const anchor = rig.now
        const offset = (rig.alarmAt ?? 0) - anchor - minuteMs
        expect(offset).toBeGreaterThan(0)
        expect(offset).toBeLessThan(30_000)
        rig.now = anchor + minuteMs + offset - 1
        rig.ring()
        expect(rig.rows()).toEqual([])
        rig.pass(1)
        rig.ring()
        expect(slotsOf(rig)).toEqual([anchor + minuteMs])
        workOff(rig)
        rig.ring()
        expect(rig.alarmAt).toBe(anchor + 2 * minuteMs + offset)
        expect(only(rig)?.nextAt).toBe(anchor + 2 * minuteMs)
      }))

    test('of a rule of every second fires each second, with one alarm for each', () =>
      rigged([{ every: '1s' }], (rig) => {
        const anchor = rig.now
        for (let n = 1; n <= 30; n++) {
          expect(rig.alarmAt).toBe(anchor + n * 1_000)
          rig.now = anchor + n * 1_000
          rig.ring()
          workOff(rig)
          rig.ring()
        }
        expect(slotsOf(rig)).toHaveLength(30)
      }))

    test('fires once on the days when clocks change, in both directions', () =>
      rigged(
        [{ cron: '30 2 * * *', timezone: 'Europe/Berlin' }],
        (rig) => {
          passFiring(rig, 230 * dayMs)
          const slots = slotsOf(rig).map((slot) => new Date(slot).toISOString().slice(5, 16))
          expect(slots).toHaveLength(230)
          const around = (day: string, count: number) => slots.slice(slots.indexOf(day), slots.indexOf(day) + count)
          // The clock goes from 02:00 to 03:00: there is no 02:30, and the slot fires at 03:00.
          expect(around('03-30T01:30', 3)).toEqual(['03-30T01:30', '03-31T01:00', '04-01T00:30'])
          // The clock shows 02:30 twice, and the slot fires the first time.
          expect(around('10-26T00:30', 3)).toEqual(['10-26T00:30', '10-27T00:30', '10-28T01:30'])
        },
        { retentionMs: 365 * dayMs },
      ))
  })
}
