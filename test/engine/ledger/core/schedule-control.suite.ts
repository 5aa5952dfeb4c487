import { describe, expect, test } from 'vitest'
import { hourMs, minuteMs, Rig, type WithStore } from '../rig.ts'
import {
  historyOf,
  type ShardScheduleOptions as Placing,
  shardSchedule as placed,
  slotsOf,
  workOff,
} from '../shard-schedules.ts'

export function scheduleSteeringSuite(withStore: WithStore): void {
  const rigged = (schedules: Placing[], work: (rig: Rig) => void) =>
    withStore((store) => {
      const rig = new Rig(store, { schedules: schedules.map(placed) })
      rig.core.reconcile(rig.now)
      work(rig)
    })
  const steer = (rig: Rig, action: 'pause' | 'resume') => rig.run('controlSchedule', { name: 'tick', action: action })
  const trigger = (rig: Rig, more: { id?: string; key?: string } = {}) =>
    rig.run('triggerSchedule', { name: 'tick', id: rig.job().id, ...more })
  const slot = (rig: Rig, ms = minuteMs) => {
    rig.pass(ms)
    rig.ring()
    workOff(rig)
  }

  describe('a schedule that a person pauses', () => {
    test('makes no job and rings no alarm, and tells of its slots when it goes on', () =>
      rigged([{}], (rig) => {
        const anchor = rig.now
        slot(rig)
        expect(steer(rig, 'pause')).toMatchObject({ state: 'paused', next: [] })
        rig.restart()
        rig.passRinging(minuteMs)
        expect(rig.passRinging(hourMs)).toBe(0)
        expect(rig.rows()).toHaveLength(1)
        rig.pass(1)
        expect(steer(rig, 'resume')).toMatchObject({
          state: 'active',
          nextAt: anchor + 63 * minuteMs,
          history: [{ slot: anchor + 2 * minuteMs, skipped: 'paused', count: 61 }, { slot: anchor + minuteMs }],
        })
        expect(rig.broken()).toEqual([])
        rig.now = anchor + 63 * minuteMs
        rig.ring()
        expect(slotsOf(rig)).toEqual([anchor + minuteMs, anchor + 63 * minuteMs])
      }))

    test('and resumed before a slot has passed nothing', () =>
      rigged([{}], (rig) => {
        const nextAt = rig.now + minuteMs
        steer(rig, 'pause')
        rig.pass(30_000)
        expect(steer(rig, 'resume')).toMatchObject({ nextAt, history: [] })
        expect(rig.alarmAt).toBeLessThanOrEqual(nextAt)
      }))

    test('twice, and resumed twice, is as once', () =>
      rigged([{}], (rig) => {
        steer(rig, 'pause')
        const once = steer(rig, 'pause')
        expect(once).toMatchObject({ state: 'paused' })
        rig.pass(10 * minuteMs)
        const resumed = steer(rig, 'resume')
        expect(steer(rig, 'resume')).toEqual(resumed)
      }))
  })

  describe('a schedule that a person triggers', () => {
    test.each<{ state: string; reach: (rig: Rig) => void }>([
      { state: 'active', reach: () => {} },
      { state: 'paused', reach: (rig) => void steer(rig, 'pause') },
    ])('makes a job now when it is $state, beside its slots', ({ reach }) =>
      rigged([{ overlap: 'skip' }], (rig) => {
        const nextAt = rig.run('schedules')[0]?.nextAt
        slot(rig, 0)
        rig.pass(7_000)
        reach(rig)
        const { id } = rig.job()
        expect(trigger(rig, { id })).toEqual({ id, state: 'queued', duplicate: false })
        const [record] = rig.run('schedules')
        expect(record?.history[0]).toEqual({ slot: rig.now, at: rig.now, trigger: true, job: id })
        if (record?.state === 'active') expect(record.nextAt).toBe(nextAt)
        expect(rig.claim()).toMatchObject({ id, schedule: { name: 'tick', slot: rig.now } })
        expect(rig.broken()).toEqual([])
      }),
    )

    test('said again, by its id or by its key, makes one job, after a restart too', () =>
      rigged([{}], (rig) => {
        const { id } = rig.job()
        trigger(rig, { id, key: 'k' })
        rig.restart()
        rig.core.reconcile(rig.now)
        expect(trigger(rig, { id, key: 'k' })).toMatchObject({ id, duplicate: false })
        expect(trigger(rig, { id: rig.job().id, key: 'k' })).toMatchObject({ id, duplicate: true })
        expect(rig.rows()).toHaveLength(1)
        expect(historyOf(rig)).toHaveLength(1)
        expect(rig.broken()).toEqual([])
      }))

    test.each<{ what: string; reach: (rig: Rig) => void; refused: string }>([
      { what: 'was removed', reach: (rig) => rig.deploy({ schedules: [] }), refused: 'unknown-schedule' },
      { what: 'has no task', reach: (rig) => rig.deploy({ serves: () => false }), refused: 'unknown-task' },
      {
        what: 'is of a task that is drained',
        reach: (rig) => void rig.run('change', { kind: 'drain', task: 'send' }),
        refused: 'draining',
      },
    ])('refuses when it $what: $refused', ({ reach, refused }) =>
      rigged([{}], (rig) => {
        reach(rig)
        expect(trigger(rig)).toMatchObject({ refused })
        expect(rig.rows()).toEqual([])
      }),
    )

    test('that nobody has heard of is unknown', () =>
      rigged([], (rig) => {
        const refused = { refused: 'unknown-schedule' }
        expect([steer(rig, 'pause'), steer(rig, 'resume'), trigger(rig)]).toMatchObject([refused, refused, refused])
      }))
  })

  describe('a schedule whose task', () => {
    test('is drained skips its slots, and says so', () =>
      rigged([{}], (rig) => {
        rig.run('change', { kind: 'drain', task: 'send' })
        slot(rig)
        slot(rig)
        expect(rig.rows()).toEqual([])
        expect(historyOf(rig)).toMatchObject([{ skipped: 'draining' }, { skipped: 'draining' }])
        rig.run('change', { kind: 'resume', task: 'send' })
        slot(rig)
        expect(slotsOf(rig)).toEqual([rig.now])
        expect(rig.broken()).toEqual([])
      }))

    test('is paused still makes its jobs, which wait', () =>
      rigged([{ overlap: 'allow' }], (rig) => {
        rig.run('change', { kind: 'pause', task: 'send' })
        slot(rig)
        slot(rig)
        expect(rig.rows().map(({ state }) => state)).toEqual(['queued', 'queued'])
        expect(rig.broken()).toEqual([])
      }))
  })

  describe('what is told of a schedule', () => {
    test('its coming slots: five, the next one first', () =>
      rigged([{ cron: '0 9 * * *', timezone: 'Asia/Kolkata' }], (rig) => {
        const [record] = rig.run('schedules')
        expect(record?.next.map((at) => new Date(at).toISOString())).toEqual(
          [18, 19, 20, 21, 22].map((day) => `2030-03-${day}T03:30:00.000Z`),
        )
        expect(record).toMatchObject({ rule: { cron: '0 9 * * *', timezone: 'Asia/Kolkata' }, nextAt: record?.next[0] })
      }))

    test('its coming slots, while one is overdue: that one, and those after now', () =>
      rigged([{}], (rig) => {
        const anchor = rig.now
        rig.pass(10 * minuteMs + 1)
        expect(rig.run('schedules')[0]?.next).toEqual([1, 11, 12, 13, 14].map((n) => anchor + n * minuteMs))
      }))

    test('its past: the newest fifty slots, newest first', () =>
      rigged([{ every: '10s' }], (rig) => {
        for (let n = 0; n < 70; n++) slot(rig, 10_000)
        const history = rig.run('schedules')[0]?.history ?? []
        expect(history).toHaveLength(50)
        expect(history[0]?.slot).toBe(rig.now)
        expect(history.at(-1)?.slot).toBe(rig.now - 49 * 10_000)
      }))
  })
}
